# SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause
"""Groups that several test files begin with."""


def staffed_group(broker, **options):
    """g1, Public: owner, chief and deputy (admins), bob and carol (members); dave is not in it. The owner, connected."""
    broker.create("chief", "deputy", "bob", "carol", "dave")
    owner = broker.user("owner")
    members = [{"userID": name, "role": "admin"} for name in ("chief", "deputy")]
    members += [{"userID": name} for name in ("bob", "carol")]
    owner.command("createGroup", groupType="Public", groupID="g1", members=members, **options)
    return owner
