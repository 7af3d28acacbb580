/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "helper/root/settings.h"

/* The folder that every process reads from. Files there are written beside, synced and renamed; only the epoch's
 * counter ever changes in place. */

/**
 * install_open() - open the folder and heal what an interrupted publication left behind
 * @path: must be a folder, not a link, of the effective uid and closed to others
 * Return: a descriptor, or negative errno (-EPERM for a wrong owner or mode).
 */
int install_open(const char *path);

/**
 * install_map() - publish
 * @bytes: a checked map; its header is written with the ids of @settings, whatever it said, and the next serial
 * @ret_serial: of this publication
 * Return: 0 readers find the new map from now on, and it survives a power cut; else negative errno and the old map stands,
 * unless it was the last step that failed: then new readers find the new one, and the next install_open() tells the
 * others.
 */
int install_map(int folder, const void *bytes, size_t size, const struct settings *settings, uint64_t *ret_serial);
