/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A broker that does not read properties itself, as this program does not: libmosquitto does it then, and without
 * it nobody. */
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugin/core/broker.h"
#include "plugin/core/mosquitto.h"
#include "plugin/core/properties.h"

static bool no_library;
static int warnings;

void broker_warn(const char *format, ...)
{
    (void)format;
    warnings++;
}

void mosquitto_free(void *memory)
{
    (void)memory;
    fail_msg("what libmosquitto has allocated was given to the broker");
}

/* In the C library's place. */
void *dlopen(const char *file, int mode)
{
    void *(*real)(const char *, int) = dlsym(RTLD_NEXT, "dlopen");
    return no_library ? NULL : real(file, mode);
}

/* A request's properties, by libmosquitto like everything that a broker's plugin gets. */
struct request {
    void *library;
    mosquitto_property *list;
};

static void request_open(struct request *request)
{
    request->library = dlopen("libmosquitto.so.1", RTLD_NOW);
    request->list = NULL;
    if (!request->library)
        skip();
}

static void request_close(struct request *request)
{
    void (*free_all)(mosquitto_property **) = dlsym(request->library, "mosquitto_property_free_all");
    free_all(&request->list);
    dlclose(request->library);
}

static void add_topic(struct request *request, const char *topic)
{
    int (*add)(mosquitto_property **, int, const char *) =
        dlsym(request->library, "mosquitto_property_add_string");
    assert_int_equal(add(&request->list, MQTT_PROP_RESPONSE_TOPIC, topic), 0);
}

static void add_correlation(struct request *request, const void *data, uint16_t len)
{
    int (*add)(mosquitto_property **, int, const void *, uint16_t) =
        dlsym(request->library, "mosquitto_property_add_binary");
    assert_int_equal(add(&request->list, MQTT_PROP_CORRELATION_DATA, data, len), 0);
}

static void test_libmosquitto_reads_them(void **state)
{
    struct request request;
    struct properties properties;
    (void)state;
    request_open(&request);
    add_topic(&request, "my/answers");
    add_correlation(&request, "\0\xffx", 3);
    properties_open(&properties, false);
    struct answer_properties answer = answer_properties_read(&properties, request.list);
    assert_string_equal(answer.topic, "my/answers");
    assert_int_equal(answer.correlation_len, 3);
    assert_memory_equal(answer.correlation, "\0\xffx", 3);
    answer_properties_clear(&properties, &answer);
    assert_null(answer.topic);
    assert_int_equal(warnings, 0);
    properties_close(&properties);
    request_close(&request);
}

static void test_a_request_may_say_nothing(void **state)
{
    struct properties properties;
    (void)state;
    properties_open(&properties, false);
    struct answer_properties answer = answer_properties_read(&properties, NULL);
    assert_null(answer.topic);
    assert_null(answer.correlation);
    answer_properties_clear(&properties, &answer);
    properties_close(&properties);
}

static void test_without_a_reader_one_line_says_so_and_nothing_is_read(void **state)
{
    struct request request;
    struct properties properties;
    (void)state;
    request_open(&request);
    add_topic(&request, "my/answers");
    no_library = true;
    properties_open(&properties, false);
    no_library = false;
    assert_int_equal(warnings, 1);
    struct answer_properties answer = answer_properties_read(&properties, request.list);
    assert_null(answer.topic);
    assert_null(answer.correlation);
    answer_properties_clear(&properties, &answer);
    properties_close(&properties);
    request_close(&request);
}

static void test_what_was_never_opened_reads_nothing_and_closes(void **state)
{
    struct properties properties = {0};
    (void)state;
    struct answer_properties answer = answer_properties_read(&properties, NULL);
    answer_properties_clear(&properties, &answer);
    properties_close(&properties);
}

static int forget_warnings(void **state)
{
    (void)state;
    warnings = 0;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_libmosquitto_reads_them, forget_warnings),
        cmocka_unit_test_setup(test_a_request_may_say_nothing, forget_warnings),
        cmocka_unit_test_setup(test_without_a_reader_one_line_says_so_and_nothing_is_read, forget_warnings),
        cmocka_unit_test_setup(test_what_was_never_opened_reads_nothing_and_closes, forget_warnings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
