/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-mute-private.h"

static void
block_signal (GObject *object,
              guint    signal)
{
  gulong handler;

  for (;;)
    {
      handler = g_signal_handler_find (object, G_SIGNAL_MATCH_ID | G_SIGNAL_MATCH_UNBLOCKED, signal, 0, NULL, NULL, NULL);
      if (handler == 0)
        return;
      g_signal_handler_block (object, handler);
    }
}

static void
block_type (GObject *object,
            GType    type)
{
  guint             n;
  g_autofree guint *ids = g_signal_list_ids (type, &n);

  for (guint i = 0; i < n; i++)
    block_signal (object, ids[i]);
}

void
procstream_mute_block_handlers (GObject *object)
{
  guint             n;
  g_autofree GType *interfaces = g_type_interfaces (G_OBJECT_TYPE (object), &n);

  for (GType type = G_OBJECT_TYPE (object); type; type = g_type_parent (type))
    block_type (object, type);
  for (guint i = 0; i < n; i++)
    block_type (object, interfaces[i]);
}
