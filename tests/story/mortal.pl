#!/usr/bin/perl
# mortal - runs a command on its own standard input; one time in N kills it with SIGKILL at a random moment of its first MILLISECONDS,
# and dies of the same signal, so that the mail server sees what it would see.
#
#   mortal.pl N MILLISECONDS COMMAND…
use strict;
use warnings;
use Time::HiRes qw(sleep);

my ($odds, $milliseconds, @command) = @ARGV;
exec @command or die "exec: $!" if rand($odds) >= 1;

my $pid = fork // die "fork: $!";
if (!$pid) {
	exec @command or die "exec: $!";
}
# The moment of the kill is what this program is for.
sleep rand($milliseconds) / 1000;
kill 'KILL', $pid;
waitpid $pid, 0;
if ($? == 0) {
	exit 0;    # it was faster
}
kill 'KILL', $$;
