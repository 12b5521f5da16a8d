/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The one instance of the plugin: what every noun needs, and a pointer to each noun's own state. Who owns
 * what: plugin.c makes and ends it. Broker thread only. */
#ifndef PLUGIN_CORE_CHAT_H
#define PLUGIN_CORE_CHAT_H

#include "lib/keys.h"
#include "lib/plugin_options.h"
#include "plugin/core/broker_limits.h"
#include "plugin/core/sums.h"
#include "plugin/core/turns.h"
#include <stdbool.h>
#include <stdint.h>

struct chat {
    struct plugin_options options;
    struct broker_limits limits;
    struct keys keys;
    uint32_t keys_read;                  /* how often they were read: known_sig.h */
    struct store *store;                 /* schema/store.h */
    struct log *log;                     /* schema/log.h */
    struct users *users;                 /* user.h */
    struct conversations *conversations; /* conversation.h */
    struct sessions *sessions;           /* session.h */
    struct young_list *applications;     /* application.h: those made a moment ago */
    struct young_list *hidings;          /* visible.h: deletions, the same */
    struct departures *departures;       /* departed.h */
    struct young_list *devices;          /* device.h: what is not committed yet */
    struct expiry *expiry;               /* expiry.h: whose userSig expires when (closing.h) */
    struct presence_turns *presence;     /* presence.h: who is told that somebody came or went */
    struct deliver_turn *delivery;       /* deliver.h */
    struct recents *recents;             /* recent.h */
    struct reviews *reviews;             /* review.h: what waits for a reviewer */
    struct push *push;                   /* push.h */
    struct word_filter *filter;          /* filter.h */
    struct words *words;                 /* that messages may not have, in force now; NULL: none (filter.h) */
    struct export *exports;              /* commands/export.h: those that wait */
    struct batches *batches;             /* commands/batch.h: requests under way */
    struct eviction *eviction;           /* eviction.h: who leaves memory */
    uint32_t era;                        /* ... and when who was used: counts periods of cache_seconds */
    struct media_thread *media;          /* media_thread.h; NULL: there is no media_dir */
    struct stock *stock;                 /* stock.h: the same */
    struct uploads *uploads;             /* upload.h: the same */

    struct announcement *announcements;  /* put into the open frame, to be handed out after it (announce.h) */
    struct dismissal *dismissals;        /* members still to be told (dismissal.h) */
    struct audience *audiences;          /* live groups somebody came to or left (audience.h) */
    uint64_t audience_lists;             /* made so far */
    struct live_publish *live_publishes; /* not flushed yet (live_publish.h) */
    uint64_t live_publish_serial;        /* of the last one */
    struct broadcast *broadcasts;        /* users still to be told (broadcast.h) */
    struct live_broadcast *live_broadcast; /* to all live groups (live_broadcast.h) */
    int reviewing;                         /* what waits for a reviewer: how many (review.h) */
    int copied;                            /* subscriptions that are given copies (subscription.h) */
    struct subscription *listeners; /* to everything that happens; NULL: nobody listens (listeners.h) */
    struct {
        struct waiting_reply *first;
        struct reply_queue *queues; /* of clients for whom some do */
        size_t bytes;
    } replies; /* receipts and answers that wait (reply.h) */
    struct happenings
        *happenings;         /* ... and what is told to them less often (happening.h); NULL: nothing yet */
    struct session *replays; /* sessions with something to replay (replay.h) */
    struct {                 /* that begin by SUBSCRIBE (feed_later.h) */
        struct feed_later *waiting;
        uint64_t tick; /* in the turn after this one ... */
        int64_t used;  /* ... so many us went into beginning feeds */
    } feeds;
    struct session *backlogs;   /* sessions with more for them than they read (backlog.h) */
    struct deletion *deletions; /* users whose memberships still have to end (deletion.h) */
    struct purges *purges;      /* whose messages are to lose their content (purge.h) */

    uint64_t began; /* the store's mark when the broker started */

    /* Both clocks are read once, at the start of each event of the broker. What is stamped or stored, or agreed upon
     * with others, goes by `now`; how long something has taken or is still to wait goes by `steady`. */
    int64_t now;    /* ms since 1970; jumps when somebody sets the clock */
    int64_t steady; /* ms since some moment; never jumps, means nothing after a restart */
    /* 2.1 has no more than max_inflight_messages without a PUBACK on the way to a client. 2.0.11 sends as many again
     * with each PUBACK, and nobody tells the versions of 2.0 apart. */
    bool keeps_window;
    bool unflushed; /* 2.0, inside TICK or past the last one: what the turn has queued is not flushed yet */
    uint64_t tick;  /* counts TICK events; deliver.h reckons order in it */
    int64_t stats_due; /* stats.h */
    struct {
        int64_t second;
        unsigned count;
    } refusals; /* of logins: login.c */
    struct {
        int64_t seconds, seen;
    } signer_ahead; /* user.c: of a clock that userSigs are made by */
    struct sums count;
    struct turns turns;
};

#endif
