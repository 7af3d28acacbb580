/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "nss_module/map_format.h"

struct published_user {
	char name[MAP_NAME_MAX + 1];
	bool is_local; /* the mark of an account of /etc/passwd */
};

/**
 * published_find_uid() - whose is this uid by the map that is published now
 * @folder: of the map, as install_open() gave it
 * Return: 0, -ENOENT nobody's or there is no map, other negative errno.
 */
int published_find_uid(int folder, uint32_t uid, struct published_user *ret);
