/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "lib/basics.h"
#include "schema/database.h"

const struct migration database_migrations[] = {
#include "migrations.inc"
};

const size_t database_migration_count = COUNT(database_migrations);
