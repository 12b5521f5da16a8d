/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* For LD_PRELOAD: a name server that does not answer, for one name. */
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

#define SECONDS 20

typedef int lookup(const char *, const char *, const struct addrinfo *, struct addrinfo **);

__attribute__((visibility("default"))) int getaddrinfo(const char *name, const char *service,
                                                       const struct addrinfo *hints, struct addrinfo **out)
{
    lookup *real = (lookup *)dlsym(RTLD_NEXT, "getaddrinfo");
    if (name && strcmp(name, "slow.invalid") == 0)
        sleep(SECONDS);
    return real(name, service, hints, out);
}
