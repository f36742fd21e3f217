#include "session.h"

#include "log.h"
#include "milter.h"
#include "session-message.h"
#include "session-private.h"

enum { PROGRESS_SECONDS = 30 };

struct Sessions {
	struct ev_loop *loop;
	Intake *intake;
	Config *config;
	double progress;
	GQueue all;              /* Session* by their links */
	ev_timer deadline;       /* of a drain */
	ev_timer drained;        /* … which is over: `done` is called from the loop */
	gboolean is_draining, is_late;
	void (*done)(gpointer data);
	gpointer done_data;
};

typedef struct Session Session;

/* What intake holds for its answer.  It outlives a session that is gone or has been told to forget. */
typedef struct {
	Sessions *sessions;
	Session *session;        /* NULL: nobody waits any more */
} Ticket;

struct Session {
	Sessions *sessions;
	GList link;
	Connection *connection;
	Milter *milter;
	char *client;            /* the SMTP client's address, or NULL */
	char *queue_id;          /* of the message, or NULL */
	SessionMessage *message; /* NULL: none, or one that we don't want to see */
	Ticket *ticket;          /* the message's end is with intake */
	ev_timer progress;
	gboolean is_ending;
};

/* After each event that can be the last of a drain. */
static void look_for_end(Sessions *sessions)
{
	if (sessions->done && !intake_pending(sessions->intake) && (!sessions->all.length || sessions->is_late))
		ev_timer_start(sessions->loop, &sessions->drained);
}

/* --- message by message ----------------------------------------------------------------------------------------- */

static void forget_ticket(Session *session)
{
	if (!session->ticket)
		return;
	session->ticket->session = NULL;
	session->ticket = NULL;
	ev_timer_stop(session->sessions->loop, &session->progress);
}

static void forget_message(Session *session)
{
	forget_ticket(session);
	g_clear_pointer(&session->message, session_message_free);
	g_clear_pointer(&session->queue_id, g_free);
}

static void end(Session *session)
{
	session->is_ending = TRUE;
	connection_end(session->connection);
}

static void flush(Session *session)
{
	gsize length;
	const guint8 *bytes = milter_output(session->milter, &length);
	if (!length)
		return;
	connection_send(session->connection, bytes, length);
	milter_output_taken(session->milter, length);
}

static void take_events(Session *session);

static void was_taken(gpointer data, const IntakeResult *result)
{
	Ticket *ticket = data;
	Session *session = ticket->session;
	if (session) {
		session_answer(session->milter, session->message, session->queue_id, result);
		forget_message(session);
		take_events(session);
	}
	look_for_end(ticket->sessions);
	g_free(ticket);
}

static void on_progress(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop, (void)events;
	Session *session = timer->data;
	milter_progress(session->milter);
	flush(session);
}

/* After a reload in mid-message its recipients may be judged anew; intake judges by the same configuration as we do here. */
static gboolean has_ours(const Session *session)
{
	const GPtrArray *recipients = session->message->envelope->recipients;
	for (guint i = 0; i < recipients->len; i++)
		if (envelope_our_address(session->sessions->config, g_ptr_array_index(recipients, i)))
			return TRUE;
	return FALSE;
}

static void hand_over(Session *session)
{
	Sessions *sessions = session->sessions;
	SessionMessage *message = session->message;
	session->ticket = g_new0(Ticket, 1);
	session->ticket->session = session;
	session->ticket->sessions = sessions;
	ev_timer_set(&session->progress, sessions->progress, sessions->progress);
	ev_timer_start(sessions->loop, &session->progress);

	Envelope *envelope = g_steal_pointer(&message->envelope);
	envelope->queue_id = g_strdup(session->queue_id);
	envelope->client = g_strdup(session->client);
	g_autoptr(GBytes) bytes = g_byte_array_free_to_bytes(g_steal_pointer(&message->bytes));
	intake_take(sessions->intake, envelope, bytes, message->is_truncated, 0, (gint64)ev_now(sessions->loop), was_taken, session->ticket);
}

static void end_of_message(Session *session, const MilterEvent *event)
{
	SessionMessage *message = session->message;
	if (!message || !message->ours) {
		milter_answer(session->milter, MILTER_ACCEPT);
		forget_message(session);
		return;
	}
	if (event->length)
		session_message_body(message, event);
	if (message->refusal) {
		log_event(LOG_WARNING, "not-recorded", "queue_id", session->queue_id, "why", message->refusal, NULL);
		milter_answer_code(session->milter, "451", "4.7.1", "This message can't be taken as it is");
		forget_message(session);
	} else if (!has_ours(session)) {
		milter_answer(session->milter, MILTER_ACCEPT);
		forget_message(session);
	} else {
		session_message_end_of_header(message);
		hand_over(session);
	}
}

/* Nobody of ours is among the recipients: let it pass, where the server waits for a word. */
static gboolean let_pass(Session *session)
{
	if (session->message && session->message->ours)
		return FALSE;
	if (milter_answer(session->milter, MILTER_ACCEPT))
		forget_message(session);
	return TRUE;
}

/* --- event by event --------------------------------------------------------------------------------------------- */

static void take_macros(Session *session, const MilterEvent *event)
{
	const char *queue_id = milter_macro(event, "i"), *client = milter_macro(event, "{client_addr}");
	if (event->step == MILTER_MAIL)
		g_clear_pointer(&session->queue_id, g_free);
	if (queue_id && *queue_id) {
		g_free(session->queue_id);
		session->queue_id = g_strdup(queue_id);
	}
	if (client && *client) {
		g_free(session->client);
		session->client = g_strdup(client);
	}
}

static void take_text(Session *session, const MilterEvent *event)
{
	SessionMessage *message = session->message;
	/* A message without recipients of ours that could not be let pass yet is not kept. */
	gboolean is_ours = message && message->ours;
	if (event->command == MILTER_HEADER && is_ours)
		session_message_header(message, event, (milter_options(session->milter)->steps & MILTER_LEADING_SPACE) != 0);
	else if (event->command == MILTER_EOH && is_ours)
		session_message_end_of_header(message);
	else if (event->command == MILTER_BODY && is_ours)
		session_message_body(message, event);

	if (event->command != MILTER_HEADER && let_pass(session))
		return;
	gboolean is_enough = is_ours && event->command == MILTER_BODY && session_message_is_full(message);
	milter_answer(session->milter, is_enough ? MILTER_SKIP_BODY : MILTER_CONTINUE);
	if (is_enough && event->wants_answer && (milter_options(session->milter)->steps & MILTER_SKIP))
		message->is_truncated = TRUE;
}

/* FALSE: the conversation makes no sense, and must end before a message is answered wrongly. */
static gboolean take_event(Session *session, const MilterEvent *event)
{
	switch (event->command) {
	case MILTER_MACROS:
		take_macros(session, event);
		return TRUE;
	case MILTER_MAIL:
		g_clear_pointer(&session->message, session_message_free);
		session->message = session_message_new(session->sessions->config, event->value);
		break;
	case MILTER_RCPT:
		if (!session->message)
			return FALSE;
		session_message_recipient(session->message, session->sessions->config, event->value);
		break;
	case MILTER_DATA:
		if (let_pass(session))
			return TRUE;
		break;
	case MILTER_HEADER:
	case MILTER_EOH:
	case MILTER_BODY:
		take_text(session, event);
		return TRUE;
	case MILTER_EOM:
		end_of_message(session, event);
		return TRUE;
	case MILTER_ABORT:
		forget_message(session);
		return TRUE;
	case MILTER_CONNECT:
	case MILTER_QUIT_NC:
		/* Another SMTP client, over the connection that stays. */
		forget_message(session);
		g_clear_pointer(&session->client, g_free);
		if (event->command == MILTER_CONNECT && *event->value)
			session->client = g_strdup(event->value);
		break;
	case MILTER_QUIT:
		forget_message(session);
		end(session);
		return TRUE;
	case MILTER_OPTNEG:
	case MILTER_HELO:
	case MILTER_UNKNOWN:
		break;
	}
	milter_answer(session->milter, MILTER_CONTINUE);
	return TRUE;
}

static gboolean is_idle(const Session *session)
{
	return !session->message && !session->ticket;
}

static void take_events(Session *session)
{
	MilterEvent event;
	MilterNext next = MILTER_WAIT;
	while (!session->is_ending && (next = milter_next(session->milter, &event)) == MILTER_EVENT)
		if (!take_event(session, &event)) {
			log_event(LOG_WARNING, "protocol-violation", "what", "recipient without a sender", NULL);
			forget_message(session);
			end(session);
		}
	flush(session);
	if (next == MILTER_VIOLATION && !session->is_ending) {
		log_event(LOG_WARNING, "protocol-violation", "what", milter_violation(session->milter), "queue_id", session->queue_id, NULL);
		forget_message(session);
		end(session);
	}
	if (session->sessions->is_draining && !session->is_ending && is_idle(session))
		end(session);
	connection_pause(session->connection, milter_is_full(session->milter));
}

/* --- connection by connection ----------------------------------------------------------------------------------- */

static gpointer opened(gpointer data, Connection *connection)
{
	Sessions *sessions = data;
	Session *session = g_new0(Session, 1);
	session->sessions = sessions;
	session->connection = connection;
	session->milter = milter_new();
	session->link.data = session;
	ev_init(&session->progress, on_progress);
	session->progress.data = session;
	g_queue_push_tail_link(&sessions->all, &session->link);
	log_event(LOG_TRACE, "connected", NULL);
	return session;
}

static void received(gpointer state, const guint8 *bytes, gsize length)
{
	Session *session = state;
	milter_feed(session->milter, bytes, length);
	take_events(session);
}

static void closed(gpointer state)
{
	Session *session = state;
	forget_message(session);
	g_queue_unlink(&session->sessions->all, &session->link);
	look_for_end(session->sessions);
	g_free(session->client);
	milter_free(session->milter);
	g_free(session);
	log_event(LOG_TRACE, "disconnected", NULL);
}

const ServerHandler *sessions_handler(void)
{
	static const ServerHandler handler = { opened, received, closed };
	return &handler;
}

/* --- all of them ------------------------------------------------------------------------------------------------ */

static void on_drained(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)events;
	Sessions *sessions = timer->data;
	ev_timer_stop(loop, &sessions->deadline);
	void (*done)(gpointer data) = g_steal_pointer(&sessions->done);
	done(sessions->done_data);
}

static void end_all(Sessions *sessions, gboolean idle_only)
{
	for (GList *link = sessions->all.head; link; link = link->next) {
		Session *session = link->data;
		if (!session->is_ending && !session->ticket && (!idle_only || is_idle(session)))
			end(session);
	}
}

static void on_deadline(struct ev_loop *loop, ev_timer *timer, int events)
{
	(void)loop, (void)events;
	Sessions *sessions = timer->data;
	sessions->is_late = TRUE;
	end_all(sessions, FALSE);
	look_for_end(sessions);
}

void sessions_drain(Sessions *sessions, double seconds, void (*done)(gpointer data), gpointer data)
{
	if (sessions->is_draining)
		return;
	sessions->is_draining = TRUE;
	sessions->done = done;
	sessions->done_data = data;
	end_all(sessions, TRUE);
	ev_timer_set(&sessions->deadline, seconds, 0.);
	ev_timer_start(sessions->loop, &sessions->deadline);
	look_for_end(sessions);
}

void sessions_configure(Sessions *sessions, const Config *config)
{
	g_clear_pointer(&sessions->config, config_unref);
	sessions->config = config_ref(config);
}

void sessions_set_progress(Sessions *sessions, double seconds)
{
	sessions->progress = seconds;
}

Sessions *sessions_new(struct ev_loop *loop, Intake *intake)
{
	Sessions *sessions = g_new0(Sessions, 1);
	sessions->loop = loop;
	sessions->intake = intake;
	sessions->progress = PROGRESS_SECONDS;
	ev_init(&sessions->deadline, on_deadline);
	ev_timer_init(&sessions->drained, on_drained, 0., 0.);
	sessions->deadline.data = sessions->drained.data = sessions;
	return sessions;
}

void sessions_free(Sessions *sessions)
{
	if (!sessions)
		return;
	ev_timer_stop(sessions->loop, &sessions->deadline);
	ev_timer_stop(sessions->loop, &sessions->drained);
	g_clear_pointer(&sessions->config, config_unref);
	g_free(sessions);
}
