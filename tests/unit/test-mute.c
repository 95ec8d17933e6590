/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-mute-private.h"

#include <gio/gio.h>

#include "test-utils.h"

/* A list store has signals of its own, of an interface, and those of every object. */
typedef struct
{
  GListStore *store;
  GString    *log;
  gboolean    nested;
} Muting;

static void
muting_cb (GListModel *model,
           guint       position,
           guint       removed,
           guint       added,
           Muting     *self)
{
  g_string_append_c (self->log, 'm');
  /* An emission inside of this one, whose handlers are muted in the middle of it. */
  if (self->nested)
    {
      self->nested = FALSE;
      g_list_model_items_changed (model, 0, 0, 0);
      return;
    }
  procstream_mute_block_handlers (G_OBJECT (self->store));
}

static void
late_cb (Muting *self)
{
  g_string_append_c (self->log, 'L');
}

static void
check (gboolean nested)
{
  g_autoptr (GString) log = g_string_new (NULL);
  g_autoptr (GListStore) store = g_list_store_new (G_TYPE_OBJECT);
  Muting muting = { store, log, nested };

  g_signal_connect (store, "items-changed", G_CALLBACK (muting_cb), &muting);
  g_signal_connect_swapped (store, "items-changed", G_CALLBACK (late_cb), &muting);
  g_signal_connect_data (store, "items-changed", G_CALLBACK (late_cb), &muting, NULL, G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  g_signal_connect_swapped (store, "notify", G_CALLBACK (late_cb), &muting);
  g_signal_connect_swapped (store, "notify::item-type", G_CALLBACK (late_cb), &muting);
  g_list_model_items_changed (G_LIST_MODEL (store), 0, 0, 0);
  g_assert_cmpstr (log->str, ==, nested ? "mm" : "m");
  g_list_model_items_changed (G_LIST_MODEL (store), 0, 0, 0);
  g_object_notify (G_OBJECT (store), "item-type");
  g_assert_cmpstr (log->str, ==, nested ? "mm" : "m");
  /* They are there, and whoever connected them can disconnect them. */
  g_assert_cmpuint (g_signal_handlers_disconnect_by_data (store, &muting), ==, 5);
}

static void
test_mute (void)
{
  check (FALSE);
}

static void
test_mute_nested (void)
{
  check (TRUE);
}

int
main (int    argc,
      char **argv)
{
  test_init (&argc, &argv);
  g_test_add_func ("/mute/during-emission", test_mute);
  g_test_add_func ("/mute/nested", test_mute_nested);
  return g_test_run ();
}
