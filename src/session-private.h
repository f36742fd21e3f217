/* layer 5 stories - session-private: what becomes of a message once intake has answered; for session.c alone. */
#pragma once
#include "intake.h"
#include "milter.h"
#include "session-message.h"

/* Writes the changes and the final answer of a message whose end is unanswered. */
void session_answer(Milter *milter, const SessionMessage *message, const char *queue_id, const IntakeResult *result);
