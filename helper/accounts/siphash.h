/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>
#include <stdint.h>

/**
 * siphash() - SipHash-2-4 with 64 bits of result, by its paper's reference (Aumasson and Bernstein, 2012)
 * @key: 16 bytes; secret where strangers choose the input, public where hosts must agree
 */
uint64_t siphash(const uint8_t key[16], const void *bytes, size_t len);
