/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "plugin/core/scope.h"

#include <stddef.h>
#include <string.h>

#include "plugin/core/broker.h"
#include "plugin/core/mosquitto.h"

/* No client can have this id: MQTT forbids control characters. */
#define PROBE "\001mosquitto-chat"

/* The listener is what the struct begins with throughout 2.0; it is in no header of the broker's. */
static bool is_all_2_0(const struct mosquitto_plugin_id_t *plugin)
{
    const void *listener;
    memcpy(&listener, plugin, sizeof listener);
    return !listener;
}

static int on_probe_end(int event, void *event_data, void *userdata)
{
    const struct mosquitto_evt_disconnect *ed = event_data;
    const char *client_id = mosquitto_client_id(ed->client);
    (void)event;
    if (client_id && strcmp(client_id, PROBE) == 0)
        *(bool *)userdata = true;
    return MOSQ_ERR_SUCCESS;
}

/* Makes a session that came by no listener, and ends it. */
static bool probe(void)
{
    struct mosquitto_client client = {.session_expiry_interval = UINT32_MAX};
    client.clientid = broker_payload(PROBE, strlen(PROBE), NULL, 0);
    return client.clientid && mosquitto_persist_client_add(&client) == MOSQ_ERR_SUCCESS &&
           mosquitto_persist_client_delete(PROBE) == MOSQ_ERR_SUCCESS;
}

/* Only who is asked about all clients is told of the end of one that came by no listener. */
static bool is_all_2_1(struct mosquitto_plugin_id_t *plugin)
{
    bool told = false;
    if (!mosquitto_persist_client_add || !mosquitto_persist_client_delete)
        return true; /* a broker that was built without them: nobody knows */
    if (mosquitto_callback_register(plugin, MOSQ_EVT_DISCONNECT, on_probe_end, NULL, &told))
        return false;
    bool probed = probe();
    mosquitto_callback_unregister(plugin, MOSQ_EVT_DISCONNECT, on_probe_end, NULL);
    return probed && told;
}

bool scope_is_all(struct mosquitto_plugin_id_t *plugin, bool is_2_1)
{
    return is_2_1 ? is_all_2_1(plugin) : is_all_2_0(plugin);
}
