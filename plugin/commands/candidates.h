/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Who is named in one createGroup, inviteGroupMember, deleteGroupMember or decision about an application, and
 * what became of it. */
#ifndef PLUGIN_COMMANDS_CANDIDATES_H
#define PLUGIN_COMMANDS_CANDIDATES_H

#include "acl/limits.h"
#include "acl/rules.h"
#include "plugin/commands/command.h"
#include "plugin/delivery/announce.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conversation;
struct user;

/* What a frame takes for each of them at most, and for each manager who is told of them: a membership, an
 * application, a name in the tip, and a notice (of which a reason may be 1.5 KiB). */
#define CANDIDATE_BYTES 3072

enum member_result { RESULT_FAILED, RESULT_DONE, RESULT_NOTHING, RESULT_WAITS, RESULT_LIMIT };

struct candidate {
    const char *user_id; /* borrowed from the request */
    struct user *user;   /* NULL: there is none */
    enum role role;      /* to have */
    int64_t joined;      /* ms: as of when; 0: now */
    bool moved; /* ... as the caller says: what is imported from before is not for this one (past.h) */
    enum member_result result;
    bool waited;  /* RESULT_WAITS, and did before: nobody is told */
    bool settled; /* by candidates_settle: there is nothing to do for this mention */
};

struct candidates {
    size_t count;
    struct candidate list[CANDIDATES_MAX];
};

/* One entry of `members`, a userID or an object, for a group of this type: CODE_OK, or a code and the error says why. */
int candidate_read(struct command *command, const cJSON *entry, enum group_type type, struct candidate *out);
/* A time in the past, in ms: CODE_OK, or CODE_BAD_REQUEST when it is more than five minutes from now. */
int past_check(struct command *command, enum field_name name, int64_t time);
/* Is nobody to be told? */
bool candidates_are_silent(const struct command *command);
/* Is the result of this mention known without a look at the user? Who is no userID has FAILED; who is named before
 * has what came of that, or NOTHING where that was DONE. */
bool candidates_settle(struct candidates *candidates, size_t number);
/* May the caller bring this one in, where there is `*room` left? DONE (and one less room); FAILED for nobody, and
 * who has the caller on the blacklist; LIMIT, also for who is in GROUPS_BY_OTHERS groups. An app admin may bring in
 * everybody, and up to GROUPS_PER_USER. */
enum member_result candidate_check(struct command *command, struct candidate *candidate, int64_t *room);
/* Before the frame, for those with result DONE: candidates_admit will not fail. false: out of memory, or the
 * store cannot be read. */
__attribute__((warn_unused_result)) bool candidates_seat(struct chat *chat, struct conversation *conversation,
                                                         const struct candidates *candidates);
/* The users with result DONE; how many. */
size_t candidates_users(const struct candidates *candidates, struct user *users[CANDIDATES_MAX]);
/* Their names; how many. */
size_t candidates_names(const struct candidates *candidates, const char *names[CANDIDATES_MAX]);
/* Makes those with result DONE, who have seats, members, in the open frame. */
void candidates_admit(struct chat *chat, struct conversation *conversation,
                      const struct candidates *candidates);
/* Before store_begin: what announcing these will need (announce_expect). */
void candidates_expect(struct chat *chat, const struct candidates *candidates);
/* In the open frame, about those with result DONE: the tip, whose members they become, and to each of them a
 * notice of this type with the tip's operator and reason. Nothing when there are none. */
void candidates_announce(struct chat *chat, struct conversation *conversation,
                         const struct candidates *candidates, const struct tips *tips,
                         const char *notice_type);
/* The same for those whom the caller has added. */
void candidates_announce_invited(struct command *command, struct conversation *conversation,
                                 const struct candidates *candidates);
/* After the frame: where nobody else is told, the devices of those with result DONE are, that they are in it, or are
 * no longer. */
void candidates_tell_silently(const struct command *command, const struct conversation *conversation,
                              const struct candidates *candidates, bool member);
/* `members` of the answer. false: out of memory. */
bool candidates_answer(struct command *command, const struct candidates *candidates);

#endif
