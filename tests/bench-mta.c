#include "bench-mta.h"

#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "milter-peer.h"

enum { BODY = 2048, HEADERS = 12, BUFFER = 65536 };

/* <libmilter/mfdef.h>: what the filter may leave out (SMFIP_NO…), or not answer (SMFIP_NR_…). */
typedef struct {
	char command;
	guint32 leave_out, no_reply;
} Step;

enum { STEP_CONNECT, STEP_HELO, STEP_MAIL, STEP_RCPT, STEP_DATA, STEP_HEADER, STEP_EOH = STEP_HEADER + HEADERS, STEP_BODY, STEP_EOM };

static const Step *step_of(guint step)
{
	static const Step steps[] = {
		{ 'C', 0x01, 0x1000 }, { 'H', 0x02, 0x2000 }, { 'M', 0x04, 0x4000 }, { 'R', 0x08, 0x8000 }, { 'T', 0x200, 0x10000 },
		{ 'L', 0x20, 0x80 }, { 'N', 0x40, 0x40000 }, { 'B', 0x10, 0x80000 }, { 'E', 0, 0 }
	};
	return steps + (step < STEP_HEADER ? step : step < STEP_EOH ? STEP_HEADER : step - HEADERS + 1);
}

typedef struct {
	int fd;
	guint32 steps;               /* agreed */
	gboolean is_agreed;
	guint step;                  /* to be sent next */
	guint serial;
	gint64 start;                /* of the message */
	GByteArray *in, *out;
} Peer;

typedef struct {
	const MtaLoad *load;
	MtaResult result;
	gint64 until;
	guint begun, busy;           /* messages begun, peers with one under way */
	int epoll;
	char body[BODY];
} Mta;

/* --- what is said ----------------------------------------------------------------------------------------------- */

static void put_header(const Mta *mta, const Peer *peer, guint number, GByteArray *out)
{
	g_autofree char *value = NULL;
	const char *names[HEADERS] = { "Received", "Received", "Return-Path", "From", "To", "Subject", "Date", "Message-ID", "MIME-Version",
				       "Content-Type", "Content-Transfer-Encoding", "User-Agent" };
	guint n = peer->serial;
	switch (number) {
	case 0: value = g_strdup_printf("from mail.d%u.example (mail.d%u.example [192.0.2.1])\n\tby mx.example.com (Postfix) with ESMTPS id Q%u;\n"
					"\tTue, 24 Nov 2026 10:00:00 +0000 (UTC)", n % 997, n % 997, n); break;
	case 1: value = g_strdup_printf("from [192.0.2.77] by mail.d%u.example with ESMTPSA id R%u; Tue, 24 Nov 2026 10:00:00 +0000", n % 997, n); break;
	case 2: value = g_strdup_printf("<u%u@d%u.example>", n, n % 997); break;
	case 3: value = g_strdup_printf("\"User %u\" <u%u@d%u.example>", n, n, n % 997); break;
	case 5: value = g_strdup("Please take me off your list"); break;
	case 7: value = g_strdup_printf("<%u.%d@d%u.example>", n, (int)getpid(), n % 997); break;
	case 4: value = g_strdup_printf("<%s>", mta->load->recipient); break;
	case 6: value = g_strdup("Tue, 24 Nov 2026 10:00:00 +0000"); break;
	case 8: value = g_strdup("1.0"); break;
	case 9: value = g_strdup("text/plain; charset=utf-8; format=flowed"); break;
	case 10: value = g_strdup("8bit"); break;
	default: value = g_strdup("Mozilla Thunderbird"); break;
	}
	peer_put_strings(out, 'L', names[number], value, NULL);
}

static void put_step(const Mta *mta, const Peer *peer, guint step, GByteArray *out)
{
	g_autofree char *text = NULL;
	switch (step) {
	case STEP_CONNECT:
		peer_put_macros(out, 'C', "j", "mx.example.com", "{daemon_name}", "mx.example.com", "v", "Postfix 3.7", NULL);
		/* host name, family, port and address */
		peer_put(out, 'C', "mail.example\0004\0\031" "192.0.2.1", sizeof "mail.example\0004\0\031" "192.0.2.1");
		break;
	case STEP_HELO:
		peer_put_strings(out, 'H', "mail.example", NULL);
		break;
	case STEP_MAIL:
		text = g_strdup_printf("<u%u@d%u.example>", peer->serial, peer->serial % 997);
		peer_put_macros(out, 'M', "{mail_addr}", "a@b.example", "{mail_host}", "b.example", "{mail_mailer}", "smtp", NULL);
		peer_put_strings(out, 'M', text, NULL);
		break;
	case STEP_RCPT:
		text = g_strdup_printf("<%s>", mta->load->recipient);
		peer_put_macros(out, 'R', "{rcpt_addr}", mta->load->recipient, "{rcpt_mailer}", "local", NULL);
		peer_put_strings(out, 'R', text, NULL);
		break;
	case STEP_BODY:
		peer_put(out, 'B', mta->body, BODY);
		break;
	case STEP_EOM:
		text = g_strdup_printf("4cKq%08X", peer->serial);
		peer_put_macros(out, 'E', "i", text, NULL);
		peer_put(out, 'E', NULL, 0);
		break;
	case STEP_DATA:
	case STEP_EOH:
		peer_put(out, step_of(step)->command, NULL, 0);
		break;
	default:
		put_header(mta, peer, step - STEP_HEADER, out);
	}
}

/* Everything up to the next step that is answered. */
static void send_steps(Mta *mta, Peer *peer)
{
	g_byte_array_set_size(peer->out, 0);
	for (gboolean waits = FALSE; !waits && peer->step <= STEP_EOM;) {
		const Step *step = step_of(peer->step);
		if (!(peer->steps & step->leave_out)) {
			put_step(mta, peer, peer->step, peer->out);
			waits = !(peer->steps & step->no_reply);
		}
		peer->step++;
	}
	/* Blocks at most until the filter has read a message. */
	for (guint sent = 0; sent < peer->out->len;) {
		ssize_t n = send(peer->fd, peer->out->data + sent, peer->out->len - sent, MSG_NOSIGNAL);
		if (n < 0)
			g_error("the filter closed the connection");
		sent += (guint)n;
	}
}

static void begin_message(Mta *mta, Peer *peer, guint step)
{
	if (mta->begun >= mta->load->most || g_get_monotonic_time() >= mta->until) {
		mta->busy--;
		return;
	}
	mta->begun++;
	peer->serial = (*mta->load->serial)++;
	peer->start = g_get_monotonic_time();
	peer->step = step;
	send_steps(mta, peer);
}

/* --- what is answered ------------------------------------------------------------------------------------------- */

static void end_message(Mta *mta, Peer *peer, char answer)
{
	double latency = (double)(g_get_monotonic_time() - peer->start);
	if (answer != 'a' && answer != 'd' && answer != 'c')
		mta->result.refused++;
	mta->result.messages++;
	if (mta->load->latencies)
		g_array_append_val(mta->load->latencies, latency);
	begin_message(mta, peer, STEP_MAIL);
}

static void take_reply(Mta *mta, Peer *peer, const guint8 *packet)
{
	char answer = (char)packet[0];
	if (!peer->is_agreed) {
		if (answer != 'O')
			g_error("the filter did not agree");
		peer->is_agreed = TRUE;
		peer->steps = peer_u32(packet + 9);
		mta->busy++;
		begin_message(mta, peer, STEP_CONNECT);
	} else if (strchr("artdy", answer) || (answer == 'c' && peer->step > STEP_EOM)) {
		end_message(mta, peer, answer);
	} else if (answer == 'c' || answer == 's') {
		send_steps(mta, peer);
	}
	/* else: a change to the message, or a sign of life */
}

static void read_replies(Mta *mta, Peer *peer)
{
	guint8 bytes[BUFFER];
	ssize_t n = recv(peer->fd, bytes, sizeof bytes, MSG_DONTWAIT);
	if (n <= 0)
		g_error("the filter closed the connection");
	g_byte_array_append(peer->in, bytes, (guint)n);
	guint at = 0;
	while (peer->in->len - at >= 5 && peer->in->len - at >= 4 + peer_u32(peer->in->data + at)) {
		guint size = 4 + peer_u32(peer->in->data + at);
		take_reply(mta, peer, peer->in->data + at + 4);
		at += size;
	}
	g_byte_array_remove_range(peer->in, 0, at);
}

/* --- the load --------------------------------------------------------------------------------------------------- */

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	g_strlcpy(address.sun_path, path, sizeof address.sun_path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address))
		g_error("cannot connect to %s", path);
	return fd;
}

static void write_body(char *body)
{
	static const char opening[] = "Hello,\r\n\r\nplease unsubscribe me from your newsletter. I do not want to get any more of it.\r\n\r\n";
	static const char filler[] = "We bought a lamp in your shop last spring, and it still hangs over the table in the kitchen.\r\n";
	gsize at = 0;
	for (const char *from = opening; at < BODY; at++) {
		body[at] = *from++;
		if (!*from)
			from = filler;
	}
	memcpy(body + BODY - 2, "\r\n", 2);
}

MtaResult mta_load(const MtaLoad *load)
{
	Mta mta = { .load = load, .epoll = epoll_create1(EPOLL_CLOEXEC) };
	write_body(mta.body);
	g_autofree Peer *peers = g_new0(Peer, load->connections);
	for (guint i = 0; i < load->connections; i++) {
		Peer *peer = peers + i;
		*peer = (Peer){ .fd = connect_to(load->socket), .in = g_byte_array_new(), .out = g_byte_array_new() };
		epoll_ctl(mta.epoll, EPOLL_CTL_ADD, peer->fd, &(struct epoll_event){ .events = EPOLLIN, .data.ptr = peer });
		peer_put_options(peer->out, 6, PEER_ACTIONS, PEER_STEPS);
		if (send(peer->fd, peer->out->data, peer->out->len, MSG_NOSIGNAL) != (ssize_t)peer->out->len)
			g_error("cannot send");
	}
	gint64 start = g_get_monotonic_time();
	mta.until = start + load->microseconds;
	guint agreed = 0;
	while (agreed < load->connections || mta.busy) {
		struct epoll_event events[64];
		int n = epoll_wait(mta.epoll, events, G_N_ELEMENTS(events), 60000);
		if (n <= 0)
			g_error("the filter does not answer");
		for (int i = 0; i < n; i++) {
			Peer *peer = events[i].data.ptr;
			agreed += !peer->is_agreed;
			read_replies(&mta, peer);
		}
	}
	mta.result.seconds = (double)(g_get_monotonic_time() - start) / 1e6;
	for (guint i = 0; i < load->connections; i++) {
		close(peers[i].fd);
		g_byte_array_unref(peers[i].in);
		g_byte_array_unref(peers[i].out);
	}
	close(mta.epoll);
	return mta.result;
}
