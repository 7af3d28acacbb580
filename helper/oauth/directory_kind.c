/* SPDX-License-Identifier: MIT */
/* The table of directories. Nothing is asked for that an account does not need: fewer bytes, and fewer personal data in
 * this process. */
#include "helper/oauth/directory_kind.h"

#include <string.h>

static const struct directory_kind kinds[] = {
	{
		/* RFC 7644 section 3.4.2 and RFC 7643 section 4.1. Servers that ignore "attributes" send all of a
		 * person, four to five KiB where there are many groups: hence the small pages. */
		.name = "scim",
		.everybody = "/Users?attributes=userName,externalId,active,displayName,name.formatted",
		.filtered = "/Users?attributes=userName,externalId,active,displayName,name.formatted&filter={}",
		.start_parameter = "startIndex",
		.first = 1,
		.count_parameter = "count",
		.page_size = 50,
		.accept = "application/scim+json, application/json;q=0.9",
		.list_member = "Resources",
		.total_member = "totalResults",
		.name_member = "userName",
		.id_member = "id",
		.active_member = "active",
		.external_member = "externalId",
		.titles = {"/name/formatted", "displayName"},
		.errors = {"scimType", "detail"},
	},
	{
		/* learn.microsoft.com/graph/api/user-list and group-list-transitivemembers: a group also has members
		 * that are no people; those have no userPrincipalName. */
		.name = "graph",
		.default_url = "https://graph.microsoft.com/v1.0",
		.everybody = "/users?$select=id,userPrincipalName,displayName,accountEnabled",
		.filtered = "/groups/{}/transitiveMembers?$select=id,userPrincipalName,displayName,accountEnabled",
		.count_parameter = "$top",
		.page_size = 200,
		.accept = "application/json",
		.default_scope = "https://graph.microsoft.com/.default",
		.list_member = "value",
		.next_member = "@odata.nextLink",
		.name_member = "userPrincipalName",
		.id_member = "id",
		.active_member = "accountEnabled",
		.subject_member = "id",
		.titles = {"displayName"},
		.errors = {"/error/code", "/error/message"},
	},
	{
		/* Keycloak's admin interface: /admin/realms/REALM/users beside /realms/REALM, no total in the list. */
		.name = "keycloak",
		.issuer_part = "/realms/",
		.issuer_into = "/admin/realms/",
		.everybody = "/users?briefRepresentation=true",
		.filtered = "/groups/{}/members?briefRepresentation=true",
		.start_parameter = "first",
		.count_parameter = "max",
		.page_size = 100,
		.accept = "application/json",
		.name_member = "username",
		.id_member = "id",
		.active_member = "enabled",
		.subject_member = "id",
		.titles = {"firstName", "lastName"},
		.joins_titles = true,
		.errors = {"error", "errorMessage"},
	},
};

const struct directory_kind *directory_kind_at(size_t index)
{
	return index < sizeof(kinds) / sizeof(kinds[0]) ? &kinds[index] : NULL;
}

const struct directory_kind *directory_kind_find(const char *name)
{
	const struct directory_kind *k;

	for (size_t i = 0; (k = directory_kind_at(i)) != NULL; i++) {
		if (strcmp(k->name, name) == 0)
			return k;
	}
	return NULL;
}
