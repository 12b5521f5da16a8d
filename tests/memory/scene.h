/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A scene: a handful of people with their groups and connections, one of hundreds on the same plugin. In
 * every text of a scenario `@` stands for what makes the scene's names its own, and `'` for a quotation mark:
 *   scene_command(scene, scene->alice, "{'command':'quitGroup','groupID':'club@'}")
 *
 * What a scene has become is told by its picture: all that its people and the administrator can see by
 * commands, without ids and times, and who was delivered what. Two scenes to which the same has happened have
 * the same. */
#ifndef TESTS_MEMORY_SCENE_H
#define TESTS_MEMORY_SCENE_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/memory/fake_broker.h"

struct mosquitto;

enum person { ALICE, BOB, CAROL, DAVE, EVE, PEOPLE };

struct scene {
    int number;
    char mark[8]; /* "@" is written so */
    struct mosquitto
        *clients[PEOPLE];       /* each on one device, with the feed; carol with inbox and groups by name */
    struct mosquitto *second;   /* what else a scenario has connected */
    struct mosquitto *listener; /* to everything: what it is told of stored messages belongs to the picture */
    char *sigs[PEOPLE];         /* userSigs */
    bool again[PEOPLE];         /* has connected again since: some messages may have come twice */
    bool pushed;                /* push jobs belong to the picture */
    int code;                   /* of the last command's answer */
    int sent;                   /* messages that were acked */
    char texts[24][32];
};

/* The plugin with an empty database in a folder of its own, one for all scenes; the administrator `root` logs
 * in with the first scene. */
void town_open(void);
void town_stop(void);
void town_close(void);
/* The folder alone, with database and ring as they are in it. A copy is one of a broker that dies at this
 * moment; it takes the place of what is there when it is restored. */
void town_found(void);
void town_raze(void);
void town_empty(void);
const char *town_database(void);
void town_copy(const char *name);
void town_restore(const char *name);
/* The broker stops and starts: what is not in the database or in the ring is lost. */
void town_restart(void);
struct mosquitto *town_root(void);
const char *const *town_options(void);
/* The settings file, with more lines than it has at first: fake_reload() makes them count. */
void town_set(const char *more);

/* Alice, bob, carol and dave are users; eve is none yet. Alice owns the groups club@ (Public: bob is an
 * admin, carol a member), hall@ (ChatRoom, the same) and stage@ (live); bob owns home@ (Private, with alice).
 * Alice and bob have written to each other. */
void scene_build(struct scene *scene, int number);
/* Alice, bob, carol and dave log in and subscribe, those who are not there; carol to her inbox and the club
 * by its name, the others to their feeds. */
void scene_gather(struct scene *scene);
/* Turns of the loop, and two seconds, until nothing is on its way. */
void scene_settle(void);
/* Ten seconds pass: what the server does every ten is done, and does not fall into what comes next. */
void scene_rest(void);
/* Until the writer has executed all there is: in real time, a millisecond or two. */
void scene_await_commit(void);
/* Messages from everybody to everybody, and to the groups: whether they get through goes into the picture. */
void scene_chat(struct scene *scene);
/* All connections of the scene end. */
void scene_leave(struct scene *scene);
/* The administrator is a push worker from now on, who does not answer: who is to be told of a "hello" is in
 * the picture. */
void scene_push(struct scene *scene);
/* The administrator listens to everything until the scene is left. */
void scene_listen(struct scene *scene);
/* What the scene itself holds. */
void scene_forget(struct scene *scene);
/* Everybody gets a new userSig: those made up to now may be dead. Two seconds pass. */
void scene_renew_sigs(struct scene *scene);
/* malloc'ed. */
char *scene_picture(struct scene *scene);

/* What happens in a scenario. The user of a login is what stands before the first colon; NULL: refused. */
struct mosquitto *scene_login(struct scene *scene, const char *client_id);
struct mosquitto *scene_login_kept(struct scene *scene, const char *client_id);
enum fake_answer scene_subscribe(struct scene *scene, struct mosquitto *client, const char *filter);
/* The payload is a text, or has one {'text':'...'}: that is looked for at the receivers. */
enum fake_answer scene_publish(struct scene *scene, struct mosquitto *client, const char *topic,
                               const char *payload, int qos);
/* Refused: the answer has a code, which is in scene->code. */
enum fake_answer scene_command(struct scene *scene, struct mosquitto *client, const char *command);
/* The same for one that is answered by itself, in a later turn. Closed also where nobody is told within so
 * many. */
enum fake_answer scene_command_later(struct scene *scene, struct mosquitto *client, const char *command,
                                     int turns);
/* The same for a list of commands; done: there is an answer. */
enum fake_answer scene_request(struct scene *scene, struct mosquitto *client, const char *commands);
/* renewUserSig. */
enum fake_answer scene_renew(struct scene *scene, enum person person);
/* As it stands, with `@` and `'` replaced: valid until the next but three. */
const char *scene_text(const struct scene *scene, const char *text);

#endif
