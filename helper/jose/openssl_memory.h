/* SPDX-License-Identifier: MIT */
#pragma once

/**
 * openssl_memory_wipe() - have OpenSSL overwrite each block of memory that it gives back
 * Its readers of keys leave copies behind otherwise. Call it first of all in a program that holds private keys.
 * Return: 0, -EBUSY OpenSSL has been used already.
 */
int openssl_memory_wipe(void);
