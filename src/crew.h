/* layer 4 edges - crew: threads for work that blocks, coming and going with the load; results are told in the event loop.
 *
 * Each thread keeps a state between jobs (a connection, say), made by its first job and given up after some idle seconds.  Jobs are begun
 * in the order in which they were added.
 */
#pragma once
#include <ev.h>
#include <glib.h>

typedef struct Crew Crew;

typedef struct {
	void (*work)(gpointer job, gpointer *state, gpointer data);   /* in a thread; *state is NULL at first */
	void (*rest)(gpointer *state, gpointer data);                 /* in a thread: gives up *state */
	void (*done)(gpointer job, gboolean was_begun, gpointer data); /* in the loop's thread: the job is the caller's again */
} CrewRoles;

Crew *crew_new(struct ev_loop *loop, guint most, guint idle_seconds, const CrewRoles *roles, gpointer data);
void crew_add(Crew *crew, gpointer job);
/* Jobs added and not done. */
guint crew_pending(const Crew *crew);
/* Jobs that no thread has begun are done, with was_begun FALSE. */
void crew_stop(Crew *crew);
/* crew_stop; waits for the threads; every `done`. */
void crew_free(Crew *crew);
