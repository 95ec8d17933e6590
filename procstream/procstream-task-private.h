/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Completes @task in its own context, wherever the caller is: the last reference to it, and so to its source object, is dropped
 * there and never in a thread of the library. Takes @task. */
void procstream_task_return_boolean (GTask   *task,
                                     gboolean value);
void procstream_task_return_pointer (GTask         *task,
                                     gpointer       value,
                                     GDestroyNotify destroy);
void procstream_task_return_error (GTask  *task,
                                   GError *error); /* taken */

G_END_DECLS
