/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "procstream-dispatcher-private.h"

G_BEGIN_DECLS

/* Work that has to be done whenever there is some: in a worker thread, which is there only meanwhile, or in a main context. Part of its
 * owner's record. */
typedef struct
{
  const char            *name; /* of the thread */
  ProcstreamDispatchFunc func; /* TRUE: there is more to do, call again; the budget is NULL in a worker */
  gpointer               data;
  gpointer (*ref) (gpointer);
  void (*unref) (gpointer);

  GMutex                  mutex;
  gboolean                running;
  gboolean                again;
  gboolean                in_context; /* constant from use_context on */
  GMainContext           *context;
  ProcstreamDispatchItem *item; /* NULL once released */
} ProcstreamPump;

void procstream_pump_init (ProcstreamPump        *self,
                           const char            *name,
                           ProcstreamDispatchFunc func,
                           gpointer               data,
                           gpointer (*ref) (gpointer),
                           void (*unref) (gpointer));
void procstream_pump_clear (ProcstreamPump *self);
/* Before the first wake: it is to run there, and blocking calls iterate that context until it is released. */
void procstream_pump_use_context (ProcstreamPump *self,
                                  GMainContext   *context);
/* It need not run there any more. Any thread; nothing happens where it runs in workers. */
void procstream_pump_release_context (ProcstreamPump *self);

/* There may be something to do. Any thread, also with a lock held that func takes. */
void procstream_pump_wake (ProcstreamPump *self);

G_END_DECLS
