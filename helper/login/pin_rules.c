/* SPDX-License-Identifier: MIT */
/*
 * The few rules that make a short secret hold: not the first one that everybody tries, and not many tries. The limit does
 * not depend on any clock; the delay does, and only ever makes it slower.
 */
#include "helper/login/pin_rules.h"

#include <stdbool.h>

#define DELAY_FIRST_S INT64_C(30)

/* 111111, 123456, 654321, abcdef */
static bool is_row(const char *pin, size_t len)
{
	int step = pin[1] - pin[0];

	if (step < -1 || step > 1)
		return false;
	for (size_t i = 2; i < len; i++)
		if (pin[i] - pin[i - 1] != step)
			return false;
	return true;
}

/* 121212, 123123, abcabc */
static bool is_repetition(const char *pin, size_t len)
{
	for (size_t period = 2; period <= 3; period++) {
		size_t i = period;

		while (i < len && pin[i] == pin[i - period])
			i++;
		if (i == len)
			return true;
	}
	return false;
}

const char *pin_fault(const char *pin, size_t len)
{
	if (len < PIN_MIN)
		return "is too short: it needs 6 characters";
	if (len > PIN_MAX)
		return "is too long: at most 64 characters";
	/* What one keyboard writes for a letter outside ASCII, another one does not. */
	for (size_t i = 0; i < len; i++)
		if (pin[i] < ' ' || pin[i] > '~')
			return "has a character other than letters, digits and signs of ASCII";
	if (is_row(pin, len) || is_repetition(pin, len))
		return "is too easy to guess";
	return NULL;
}

enum pin_gate pin_gate(uint32_t failures, int64_t last_failure_s, int64_t now_s, int64_t *ret_wait_s)
{
	int64_t delay_s;

	if (failures >= PIN_FAILURES_MAX)
		return PIN_GATE_LOCKED;
	if (failures < PIN_FAILURES_FREE)
		return PIN_GATE_OPEN;
	if (now_s < last_failure_s)
		return PIN_GATE_CLOCK;
	delay_s = DELAY_FIRST_S << (failures - PIN_FAILURES_FREE);
	if (now_s - last_failure_s >= delay_s)
		return PIN_GATE_OPEN;
	*ret_wait_s = delay_s - (now_s - last_failure_s);
	return PIN_GATE_WAIT;
}
