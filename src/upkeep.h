/* layer 5 stories - upkeep: looks after the store while a program runs: space, readers that died, raw messages whose time is over.
 */
#pragma once
#include <ev.h>
#include <glib.h>

#include "committer.h"
#include "config.h"

typedef struct Upkeep Upkeep;

/* A look at once and then every minute.  All is borrowed. */
Upkeep *upkeep_new(struct ev_loop *loop, Store *store, Committer *committer, const Config *config);
void upkeep_configure(Upkeep *upkeep, const Config *config);
/* Asks for nothing more; before the committer is freed. */
void upkeep_stop(Upkeep *upkeep);
/* After the committer was freed. */
void upkeep_free(Upkeep *upkeep);
