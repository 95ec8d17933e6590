/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* As g_test_add_func() and the others, and after each case nothing of it is left: no child, dead or alive, no descendant that lost its
 * parent, and no descriptor. What is about to go has time for that. In a program that a test runs as a subprocess of its own only the
 * processes are looked at, by the one that runs it. */
void test_add_func (const char *path,
                    GTestFunc   func);
void test_add_data_func (const char   *path,
                         gconstpointer data,
                         GTestDataFunc func);
void test_add_data_func_full (const char    *path,
                              gpointer       data,
                              GTestDataFunc  func,
                              GDestroyNotify destroy);
G_END_DECLS
