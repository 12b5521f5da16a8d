/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The least that a plugin can be that is asked about everything: the callbacks of plugin/plugin.c, which say yes.
 * What a broker with it is slower than one without is what Mosquitto's interface costs, and no plugin can do without
 * (bench/run --empty). */
#include <mosquitto.h>
#if LIBMOSQUITTO_VERSION_NUMBER < 2001000 /* from then on mosquitto.h is all of it */
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>
#endif

#include "lib/basics.h"

static const struct {
    int event;
    const char *data;
} callbacks[] = {
    {MOSQ_EVT_ACL_CHECK, NULL},
    {MOSQ_EVT_BASIC_AUTH, NULL},
    {MOSQ_EVT_DISCONNECT, NULL},
    {MOSQ_EVT_MESSAGE, NULL},
    {MOSQ_EVT_CONTROL, "$CONTROL/chat/v1"},
    {MOSQ_EVT_TICK, NULL},
    {MOSQ_EVT_RELOAD, NULL},
};

static int say_yes(int event, void *event_data, void *userdata)
{
    (void)event, (void)event_data, (void)userdata;
    return MOSQ_ERR_SUCCESS;
}

__attribute__((visibility("default"))) int mosquitto_plugin_version(int supported_version_count,
                                                                    const int *supported_versions)
{
    for (int i = 0; i < supported_version_count; i++)
        if (supported_versions[i] == 5)
            return 5;
    return -1;
}

__attribute__((visibility("default"))) int mosquitto_plugin_init(mosquitto_plugin_id_t *identifier,
                                                                 void **userdata, struct mosquitto_opt *opts,
                                                                 int opt_count)
{
    (void)opts, (void)opt_count;
    *userdata = identifier;
    for (size_t i = 0; i < COUNT(callbacks); i++)
        if (mosquitto_callback_register(identifier, callbacks[i].event, say_yes, callbacks[i].data, NULL) !=
            MOSQ_ERR_SUCCESS)
            return MOSQ_ERR_INVAL;
    return MOSQ_ERR_SUCCESS;
}

__attribute__((visibility("default"))) int mosquitto_plugin_cleanup(void *userdata,
                                                                    struct mosquitto_opt *opts, int opt_count)
{
    (void)opts, (void)opt_count;
    for (size_t i = 0; i < COUNT(callbacks); i++)
        mosquitto_callback_unregister(userdata, callbacks[i].event, say_yes, callbacks[i].data);
    return MOSQ_ERR_SUCCESS;
}
