#!/usr/bin/perl
# smtp - sends one message file, as it is: smtp.pl HOST PORT SENDER RECIPIENT[,RECIPIENT…] FILE.  Prints the last reply; exits 0 when
# it was 250, 75 for 4xx, 65 for 5xx, 76 where the connection broke.  SENDER "" is the null sender.
use strict;
use warnings;
use IO::Socket::INET;

my ($host, $port, $sender, $recipients, $file) = @ARGV;
my $socket = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port, Timeout => 10) or die "connect: $!\n";
$socket->autoflush(1);

sub expect {
	my ($wanted) = @_;
	while (my $line = <$socket>) {
		next unless $line =~ /^(\d)(\d\d) /;
		return $line if $1 == $wanted;
		print $line;
		exit($1 == 4 ? 75 : 65);
	}
	print "no reply\n";
	exit 76;
}

sub say_and_expect {
	my ($command, $wanted) = @_;
	print $socket "$command\r\n";
	return expect($wanted);
}

expect(2);
say_and_expect('EHLO client.example', 2);
say_and_expect("MAIL FROM:<$sender>", 2);
say_and_expect("RCPT TO:<$_>", 2) for split /,/, $recipients;
say_and_expect('DATA', 3);
open my $in, '<:raw', $file or die "$file: $!\n";
while (my $line = <$in>) {
	$line =~ s/\r?\n\z//;
	$line =~ s/^\./../;
	print $socket "$line\r\n";
}
print say_and_expect('.', 2);
print $socket "QUIT\r\n";
