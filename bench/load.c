/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* load --port N --key-file FILE --sdkappid N [options] WORKLOAD: one measurement of one broker that was just
 * started; prints one line of JSON (meter.h). `load --list` names the workloads. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench/client.h"
#include "bench/die.h"
#include "bench/meter.h"
#include "bench/workload.h"
#include "lib/keys.h"
#include "lib/usersig.h"

#define SIG_SECONDS 86400
#define QUICK_SHARE 5

enum number_option { PORT, SDKAPPID, BROKER, SENDERS, RECEIVERS, READERS, MESSAGES, NUMBERS };
enum { KEY_FILE = NUMBERS, CHILD, BARE, ANONYMOUS, QUICK, PAUSE, LIST };

static const struct option options[] = {
    {"port", required_argument, NULL, PORT},
    {"key-file", required_argument, NULL, KEY_FILE},
    {"sdkappid", required_argument, NULL, SDKAPPID},
    {"broker", required_argument, NULL, BROKER},   /* process id: print its CPU time too */
    {"child", required_argument, NULL, CHILD},     /* a process of the broker, any number of times */
    {"senders", required_argument, NULL, SENDERS}, /* instead of the workload's own numbers */
    {"receivers", required_argument, NULL, RECEIVERS},
    {"readers", required_argument, NULL, READERS},
    {"messages", required_argument, NULL, MESSAGES}, /* of each sender */
    {"bare", no_argument, NULL, BARE},               /* the broker has no plugin */
    {"anonymous", no_argument, NULL, ANONYMOUS},     /* CONNECT without user name and password */
    {"quick", no_argument, NULL, QUICK},             /* a fifth of the messages */
    {"pause", no_argument, NULL, PAUSE},             /* wait for a line before and after */
    {"list", no_argument, NULL, LIST},
    {0},
};

struct load_arguments {
    long number[NUMBERS]; /* 0: not given */
    const char *key_file, *workload;
    bool flag[LIST + 1];
};

static long read_number(const char *name, const char *text)
{
    char *end;
    long number = strtol(text, &end, 10);
    if (*end || number <= 0 || number > UINT32_MAX)
        die("--%s %s is no number", name, text);
    return number;
}

static void read_arguments(struct load_arguments *out, int argc, char **argv)
{
    int index = 0, option;
    *out = (struct load_arguments){0};
    while ((option = getopt_long(argc, argv, "", options, &index)) != -1) {
        if (option == '?')
            exit(2);
        if (option < NUMBERS)
            out->number[option] = read_number(options[index].name, optarg);
        else if (option == KEY_FILE)
            out->key_file = optarg;
        else if (option == CHILD)
            meter_add_child((int)read_number("child", optarg));
        else
            out->flag[option] = true;
    }
    if (optind < argc)
        out->workload = argv[optind];
}

static void name_user(const struct load *load, struct client *client)
{
    int number = (int)(client - load->all);
    if (client >= load->of)
        snprintf(client->user, sizeof client->user, "u%05d",
                 (int)(client - load->of)); /* as bench/fill does */
    else
        snprintf(client->user, sizeof client->user, client < load->to ? "sender%d" : "receiver%d", number);
}

/* userSigs are made before any clock starts; the bare broker gets the same CONNECT and does not look at
 * it. */
static void create_clients(struct load *load, const struct load_arguments *arguments)
{
    struct keys keys = {0};
    char error[512];
    if (keys_load(&keys, arguments->key_file, error, sizeof error) != 0)
        die("%s", error);
    int count = load->senders + load->receivers + load->readers;
    load->all = calloc((size_t)count + 1, sizeof *load->all);
    if (!load->all)
        die("out of memory");
    load->from = load->all;
    load->to = load->from + load->senders;
    load->of = load->to + load->receivers;
    for (int i = 0; i < count; i++) {
        struct client *client = &load->all[i];
        client->fd = -1;
        name_user(load, client);
        if (arguments->flag[ANONYMOUS])
            continue;
        client->password =
            usersig_mint(client->user, arguments->number[SDKAPPID], time(NULL), SIG_SECONDS, NULL, 0, &keys);
        if (!client->password)
            die("no userSig");
    }
}

/* 0 stays 0: the workload has none of these. */
static int number_given(const struct load_arguments *arguments, enum number_option number, int otherwise)
{
    return arguments->number[number] && otherwise ? (int)arguments->number[number] : otherwise;
}

int main(int argc, char **argv)
{
    struct load_arguments arguments;
    read_arguments(&arguments, argc, argv);
    if (arguments.flag[LIST]) {
        workload_list();
        return 0;
    }
    if (!arguments.number[PORT] || !arguments.number[SDKAPPID] || !arguments.key_file || !arguments.workload)
        die("needs --port, --sdkappid, --key-file and a workload");
    const struct workload *workload = workload_find(arguments.workload);
    if (!workload)
        die("no workload %s", arguments.workload);
    struct load load = {.workload = workload,
                        .bare = arguments.flag[BARE],
                        .senders = number_given(&arguments, SENDERS, workload->senders),
                        .readers = number_given(&arguments, READERS, workload->readers),
                        .receivers = number_given(&arguments, RECEIVERS, workload->receivers),
                        .messages =
                            number_given(&arguments, MESSAGES,
                                         workload->messages / (arguments.flag[QUICK] ? QUICK_SHARE : 1))};
    create_clients(&load, &arguments);
    clients_init((int)arguments.number[PORT]);
    meter_init((int)arguments.number[BROKER], arguments.flag[PAUSE]);
    workload->run(&load);
    if (load.absent) {
        printf("{\"name\":\"%s\",\"absent\":true}\n", workload->name);
        return 0;
    }
    if (!load.printed)
        meter_print(workload->name, workload->unit, workload->count(&load));
    return 0;
}
