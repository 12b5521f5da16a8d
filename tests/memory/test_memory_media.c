/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Uploads, while memory ends on the broker's thread. */
#include <stdio.h>
#include <string.h>

#include "tests/memory/sweep.h"

#define UPLOAD_ID "\"uploadID\":\""

static char upload[40]; /* the scene's that plays */

static enum fake_answer create(struct scene *scene)
{
    return scene_command(scene, scene->clients[ALICE],
                         "{'command':'createUpload','name':'a','contentType':'b','size':5}");
}

static enum fake_answer send_chunk(struct scene *scene)
{
    char topic[80];
    snprintf(topic, sizeof topic, "chat/upload/%s/0", upload);
    return fake_publish(scene->clients[ALICE], topic, "hello", 1);
}

static enum fake_answer send_the_only_chunk(struct scene *scene)
{
    scene->code = 0;
    enum fake_answer answer = send_chunk(scene);
    if (answer == FAKE_REFUSED)
        scene->code = 10002;
    return answer;
}

static void have_upload(struct scene *scene)
{
    create(scene);
    const char *id = strstr(fake_response(scene->clients[ALICE]), UPLOAD_ID);
    snprintf(upload, sizeof upload, "%.32s", id ? id + strlen(UPLOAD_ID) : "");
}

static void have_all_of_it(struct scene *scene)
{
    have_upload(scene);
    send_chunk(scene);
}

/* A command about it, `text` being its beginning. */
static const char *about(const char *text)
{
    static char command[160];
    snprintf(command, sizeof command, "{%s,'uploadID':'%s'}", text, upload);
    return command;
}

static enum fake_answer abort_upload(struct scene *scene)
{
    return scene_command(scene, scene->clients[ALICE], about("'command':'abortUpload'"));
}

static enum fake_answer finish(struct scene *scene)
{
    return scene_command_later(scene, scene->clients[ALICE], about("'command':'finishUpload'"), 400);
}

static const struct scenario scenarios[] = {
    {"an upload is begun", create, NULL, NULL},
    {"a chunk comes", send_the_only_chunk, NULL, have_upload},
    {"an upload is given up", abort_upload, NULL, have_all_of_it},
    {"an upload becomes a file", finish, NULL, have_all_of_it},
};

int main(int argc, char **argv)
{
    return sweep_all(scenarios, sizeof scenarios / sizeof *scenarios, argc, argv);
}
