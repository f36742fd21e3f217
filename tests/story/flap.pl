#!/usr/bin/perl
# flap - runs a command again and again, and kills it with SIGKILL at a random moment, until it gets SIGTERM itself.
#
#   flap.pl LEAST MOST COMMAND…      # lives between LEAST and MOST seconds
#
# Prints how often it killed.  What the command says goes where it always goes.
use strict;
use warnings;
use Time::HiRes qw(sleep time);

my ($least, $most, @command) = @ARGV;
my ($ended, $kills) = (0, 0);
$SIG{TERM} = sub { $ended = 1 };
while (!$ended) {
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		exec @command or die "exec: $!";
	}
	my $until = time + $least + rand($most - $least);
	# A signal ends the nap early; the moment of the kill is what this program is for.
	while (!$ended && (my $left = $until - time) > 0) {
		sleep $left;
	}
	kill 'KILL', $pid;
	waitpid $pid, 0;
	$kills++;
}
print "$kills\n";
