#!/usr/bin/perl
# flap - runs a command again and again and kills it with SIGKILL at a random moment, KILLS times; the last one lives until flap gets
# SIGTERM itself.
#
#   flap.pl KILLS LEAST MOST PORT COMMAND…      # lives between LEAST and MOST seconds from when it listens on PORT (0: from its start)
#
# Prints how often it killed.  What the command says goes where it always goes.
use strict;
use warnings;
use IO::Socket::INET;
use Time::HiRes qw(sleep time);

my ($most_kills, $least, $most, $port, @command) = @ARGV;
my ($ended, $kills) = (0, 0);
$SIG{TERM} = sub { $ended = 1 };

sub listens {
	return !$port || IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Timeout => 2);
}

while (!$ended) {
	my $pid = fork // die "fork: $!";
	if (!$pid) {
		exec @command or die "exec: $!";
	}
	sleep 0.02 until $ended || listens();
	my $until = time + $least + rand($most - $least);
	# A signal ends the nap early; the moment of the kill is what this program is for.
	while (!$ended && ($kills >= $most_kills || $until > time)) {
		sleep($kills >= $most_kills ? 60 : $until - time);
	}
	kill 'KILL', $pid;
	waitpid $pid, 0;
	$kills++;
}
print "$kills\n";
