#!/usr/bin/perl
# hold - sends a message twice over one SMTP connection, and waits on the way until a file is there.
#
#   hold.pl HOST PORT SENDER RECIPIENT FILE between|before-dot WAITING-FILE GO-FILE
#
# `between` the messages, or `before-dot` of a single one, WAITING-FILE is made and GO-FILE waited for.  Exits 0 when all was answered 250, else
# prints the reply.  The two messages differ by their Message-ID.
use strict;
use warnings;
use IO::Socket::INET;

my ($host, $port, $sender, $recipient, $file, $where, $waiting, $go) = @ARGV;
my $socket = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port, Timeout => 10) or die "connect: $!\n";
$socket->autoflush(1);

sub expect {
	my ($wanted) = @_;
	while (my $line = <$socket>) {
		next unless $line =~ /^(\d)\d\d /;
		return if $1 == $wanted;
		print $line;
		exit 1;
	}
	print "no reply\n";
	exit 1;
}

sub pause {
	open my $made, '>', $waiting or die "$waiting: $!\n";
	close $made;
	my $end = time + 60;
	until (-e $go) {
		die "nobody said go\n" if time > $end;
		select undef, undef, undef, 0.03;
	}
}

sub message {
	my ($n) = @_;
	open my $in, '<:raw', $file or die "$file: $!\n";
	my $text = do { local $/; <$in> };
	$text =~ s/^Message-ID: </Message-ID: <$n./m;
	$text =~ s/\r?\n/\r\n/g;
	for (["MAIL FROM:<$sender>", 2], ["RCPT TO:<$recipient>", 2], ['DATA', 3]) {
		print $socket "$_->[0]\r\n";
		expect($_->[1]);
	}
	print $socket $text;
	pause() if $where eq 'before-dot';
	print $socket ".\r\n";
	expect(2);
}

expect(2);
print $socket "EHLO client.example\r\n";
expect(2);
message(1);
if ($where eq 'between') {
	pause();
	message(2);
}
print $socket "QUIT\r\n";
