/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The I/O thread, stopped between two of the things it does. It stays so until it is let go; @self belongs to the caller. */
typedef struct
{
  GMutex   mutex;
  GCond    cond;
  gboolean held;
  gboolean let_go;
} TestHold;

void test_hold_begin (TestHold *self);
void test_hold_end (TestHold *self);
/* Until it has done all that it was asked to before. */
void test_hold_pass (void);

G_END_DECLS
