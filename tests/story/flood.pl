#!/usr/bin/perl
# flood - sends many different messages over several SMTP connections at once, as a mail server would: what is not answered
# with 250 is sent again, the same message, until it is.
#
#   flood.pl HOST PORT CONNECTIONS MESSAGES RECIPIENT ACCEPTED-FILE [SECONDS]
#
# Each Message-ID that was answered 250 is a line of ACCEPTED-FILE, written before the next message is begun.  Exits 0 when all
# were accepted, 1 when SECONDS (default 300) were not enough.
use strict;
use warnings;
use IO::Socket::INET;

my ($host, $port, $connections, $messages, $recipient, $file, $seconds) = @ARGV;
$seconds //= 300;
my $end = time + $seconds;
my @requests = (
	[ 'Unsubscribe', 'Please unsubscribe me from your newsletter.' ],
	[ 'Abmeldung', 'Bitte tragen Sie mich aus Ihrem Verteiler aus.' ],
	[ 'My data', 'Please delete all personal data that you hold about me.' ],
	[ 'Auskunft', 'Bitte teilen Sie mir mit, welche Daten Sie ueber mich gespeichert haben (Art. 15 DSGVO).' ],
);

sub message {
	my ($n) = @_;
	my ($subject, $body) = @{ $requests[$n % @requests] };
	my $from = "person$n\@sender.example";
	return ($from, "<$n.flood\@sender.example>", join("\r\n",
		"Authentication-Results: mx.optout.example; dmarc=pass header.from=sender.example",
		"From: Person $n <$from>", "To: $recipient", "Subject: $subject", "Message-ID: <$n.flood\@sender.example>",
		"Date: Tue, 24 Nov 2026 10:00:00 +0000", "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "",
		"$body", "", "Person $n", ".", ""));
}

# The code of a whole reply; 0 where the connection broke.
sub reply {
	my ($socket) = @_;
	while (my $line = <$socket>) {
		return $1 if $line =~ /^(\d{3}) /;
	}
	return 0;
}

sub connect_to {
	my $socket = IO::Socket::INET->new(PeerAddr => $host, PeerPort => $port, Timeout => 10) or return;
	$socket->autoflush(1);
	return unless reply($socket) == 220;
	print $socket "EHLO flood.example\r\n";
	return reply($socket) == 250 ? $socket : undef;
}

# TRUE: answered 250.  A broken connection is closed and forgotten.
sub try {
	my ($socket, $from, $text) = @_;
	for ("MAIL FROM:<$from>", "RCPT TO:<$recipient>") {
		print $socket "$_\r\n";
		my $code = reply($socket);
		return $code if $code != 250;
	}
	print $socket "DATA\r\n";
	my $code = reply($socket);
	return $code if $code != 354;
	print $socket $text;
	return reply($socket);
}

sub work {
	my ($first) = @_;
	local $SIG{PIPE} = 'IGNORE';
	open my $accepted, '>>', $file or die "$file: $!";
	$accepted->autoflush(1);
	my $socket;
	for (my $n = $first; $n < $messages; $n += $connections) {
		my ($from, $id, $text) = message($n);
		my $code = 0;
		while ($code != 250) {
			return 1 if time > $end;
			$socket ||= connect_to();
			$code = $socket ? try($socket, $from, $text) : 0;
			if ($code != 250 && $socket) {
				close $socket;
				undef $socket;
			}
			# A refused connection is tried again soon, not at once: the server under test may be starting.
			select undef, undef, undef, 0.02 if $code != 250;
		}
		print $accepted "$id\n";
	}
	return 0;
}

my @workers;
for my $first (0 .. $connections - 1) {
	my $pid = fork // die "fork: $!";
	exit work($first) unless $pid;
	push @workers, $pid;
}
my $failed = 0;
for (@workers) {
	waitpid $_, 0;
	$failed ||= $?;
}
exit($failed ? 1 : 0);
