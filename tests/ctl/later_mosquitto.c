/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* A libmosquitto that says it is of a release that is not there yet. */
int mosquitto_lib_version(int *major, int *minor, int *revision);

int mosquitto_lib_version(int *major, int *minor, int *revision)
{
    *major = 2;
    *minor = 2;
    *revision = 0;
    return 2002000;
}
