/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-emission-private.h"
#include "procstream-emitter-private.h"

#include "test-core.h"
#include "test-utils.h"

#include <string.h>

/* --- A target: code of the user ----------------------------------------------------------------------------------------------- */

typedef struct _Target Target;

struct _Target
{
  GObject            parent_instance;
  ProcstreamEmitter *emitter; /* not owned */
  gconstpointer      family;
  GString           *log; /* of the test; every call, with a space after it */
  ProcstreamWants    wants;
  const char        *act_at;  /* what is logged when … */
  void (*act) (Target *self); /* … this is done, once */
  const char *done_at;        /* … it says that it needs no more */
};

typedef GObjectClass TargetClass;

static GType target_get_type (void);
G_DEFINE_TYPE (Target, target, G_TYPE_OBJECT)

static void
target_class_init (TargetClass *klass)
{
}

static void
target_init (Target *self)
{
}

static gboolean
note (Target     *self,
      const char *kind,
      const char *text)
{
  g_autofree char *entry = g_strconcat (kind, text, NULL);
  gboolean         done = g_strcmp0 (self->done_at, entry) == 0;

  g_string_append_printf (self->log, "%s ", entry);
  if (strcmp (kind, "left:") != 0)
    g_assert_true (procstream_emission_is_under_way (self->family));
  if (g_strcmp0 (self->act_at, entry) == 0)
    {
      self->act_at = NULL;
      self->act (self);
    }
  return done;
}

static ProcstreamWants
wants_cb (gpointer target)
{
  return ((Target *) target)->wants;
}

static gboolean
chunk_cb (gpointer target,
          GBytes  *bytes)
{
  g_autofree char *text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));

  return note (target, "c:", g_strdelimit (text, "\n", '/'));
}

static gboolean
lines_cb (gpointer             target,
          ProcstreamLineBatch *batch)
{
  g_autofree char *text = g_strdup_printf ("%u", batch->n_lines);

  return note (target, "L:", text);
}

static gboolean
line_cb (gpointer    target,
         const char *line)
{
  return note (target, "l:", line);
}

static gboolean
gap_cb (gpointer target,
        guint64  chunks,
        guint64  bytes)
{
  g_autofree char *text = g_strdup_printf ("%d,%d", (int) chunks, (int) bytes);

  return note (target, "gap:", text);
}

static void
ended_cb (gpointer      target,
          const GError *error)
{
  note (target, "end:", error ? error->message : "");
}

static void
left_cb (gpointer target,
         gboolean ended)
{
  note (target, "left:", ended ? "ended" : "");
}

static gboolean
chunk_info_cb (gpointer             target,
               ProcstreamChunkInfo *info)
{
  g_autofree char *text = g_strdup_printf ("%s,%d,%d", procstream_chunk_info_get_stream (info), (int) procstream_chunk_info_get_sequence (info),
                                           (int) procstream_chunk_info_get_offset (info));

  return note (target, "i:", text);
}

static const ProcstreamEmitterOps ops = { wants_cb, chunk_cb, lines_cb, line_cb, gap_cb, ended_cb, left_cb, chunk_info_cb };

/* --- The rest of a test ------------------------------------------------------------------------------------------------------- */

typedef struct
{
  ProcstreamOutputCore *core;
  Target               *target;
  ProcstreamEmitter    *emitter;
  GString              *log;
} Fixture;

static const ProcstreamWants everything = { .anything = TRUE, .chunks = TRUE, .lines = TRUE, .each_line = TRUE };

static void
set_up (Fixture           *f,
        guint              max_chunks,
        ProcstreamDelivery delivery,
        gboolean           keep_alive)
{
  const ProcstreamLineOptions lines = procstream_output_core_get_settings (f->core = test_core_new (max_chunks))->lines;

  f->target = g_object_new (target_get_type (), NULL);
  f->log = f->target->log = g_string_new (NULL);
  f->target->wants = everything;
  f->target->family = procstream_output_core_get_family (f->core);
  f->emitter = f->target->emitter = procstream_emitter_new (&ops, f->target, g_main_context_default (), f->target->family, &lines);
  procstream_emitter_subscribe (f->emitter, f->core, delivery, FALSE, keep_alive);
}

static void
set_up_reliable (Fixture *f)
{
  set_up (f, 0, PROCSTREAM_DELIVERY_RELIABLE, FALSE);
}

static void
iterate (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
iterate_cb (Target *target)
{
  iterate ();
}

/* Everything is emitted that will be; then nothing is left of it. */
static void
tear_down (Fixture    *f,
           const char *log)
{
  iterate ();
  g_assert_cmpstr (f->log->str, ==, log);
  g_assert_false (procstream_emission_is_under_way (procstream_output_core_get_family (f->core)));
  procstream_emitter_cancel (f->emitter);
  iterate ();
  g_assert_cmpstr (f->log->str, ==, log);
  g_clear_object (&f->target);
  procstream_emitter_unref (f->emitter);
  g_string_free (f->log, TRUE);
  test_core_free (f->core);
}

/* --- Tests -------------------------------------------------------------------------------------------------------------------- */

/* A chunk, its lines as a batch and one by one, the next chunk; the rest of a line before the end; nothing before the context runs. */
static void
test_order (void)
{
  Fixture f;

  set_up_reliable (&f);
  test_core_feed (f.core, "a\nb\nc");
  test_core_feed (f.core, "d\ne");
  procstream_output_core_feed_end (f.core, NULL);
  g_assert_cmpstr (f.log->str, ==, "");
  tear_down (&f, "c:a/b/c L:2 l:a l:b c:d/e L:1 l:cd L:1 l:e end: left:ended ");
}

/* What is known of a chunk comes between it and its lines, also when it is the call before, or it itself, that runs the main loop. */
static void
test_info (void)
{
  const char *const calls[] = { "", "c:a/b/", "i:test,0,0", "l:b", "c:c/", "i:test,1,4" };

  for (gsize i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      Fixture f;

      set_up_reliable (&f);
      f.target->wants.infos = TRUE;
      f.target->act_at = calls[i];
      f.target->act = iterate_cb;
      test_core_feed (f.core, "a\nb\n");
      test_core_feed (f.core, "c\n");
      tear_down (&f, "c:a/b/ i:test,0,0 L:2 l:a l:b c:c/ i:test,1,4 L:1 l:c ");
    }
}

/* Nothing else is wanted; and then no more. */
static void
test_info_done (void)
{
  Fixture f;

  set_up_reliable (&f);
  f.target->wants = (ProcstreamWants){ .anything = TRUE, .infos = TRUE };
  f.target->done_at = "i:test,1,1";
  for (guint i = 0; i < 3; i++)
    test_core_feed (f.core, "a");
  tear_down (&f, "i:test,0,0 i:test,1,1 left: ");
}

static void
test_error (void)
{
  Fixture f;

  set_up_reliable (&f);
  f.target->wants.lines = f.target->wants.each_line = FALSE;
  test_core_feed (f.core, "a");
  procstream_output_core_feed_end (f.core, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "fire"));
  tear_down (&f, "c:a end:fire left:ended ");
}

static void
test_gap (void)
{
  Fixture f;

  set_up (&f, 1, PROCSTREAM_DELIVERY_LOSSY, FALSE);
  test_core_feed (f.core, "torn");
  test_core_feed (f.core, "lost\n");
  test_core_feed (f.core, "kept\n");
  tear_down (&f, "gap:2,9 c:kept/ L:1 l:kept ");
}

/* Nothing is taken until whoever holds it lets go and posts. */
static void
test_hold (void)
{
  Fixture f;

  set_up_reliable (&f);
  f.target->wants.hold = TRUE;
  test_core_feed (f.core, "a\n");
  iterate ();
  g_assert_cmpstr (f.log->str, ==, "");
  f.target->wants.hold = FALSE;
  procstream_emitter_post (f.emitter);
  tear_down (&f, "c:a/ L:1 l:a ");
}

static void
hold (Target *self)
{
  self->wants.hold = TRUE;
}

/* One that holds when it is told of the end has not left before it lets go; nor is it told again. */
static void
test_hold_end (void)
{
  for (int cancelled = 0; cancelled < 2; cancelled++)
    {
      Fixture f;

      set_up_reliable (&f);
      f.target->act_at = "end:";
      f.target->act = hold;
      test_core_feed (f.core, "a\n");
      procstream_output_core_feed_end (f.core, NULL);
      iterate ();
      procstream_emitter_post (f.emitter);
      iterate ();
      g_assert_cmpstr (f.log->str, ==, "c:a/ L:1 l:a end: ");
      g_assert_true (procstream_emitter_is_subscribed (f.emitter));
      if (cancelled)
        procstream_emitter_cancel (f.emitter);
      f.target->wants.hold = FALSE;
      procstream_emitter_post (f.emitter);
      tear_down (&f, cancelled ? "c:a/ L:1 l:a end: " : "c:a/ L:1 l:a end: left:ended ");
    }
}

/* Nobody listens any more: it leaves without an end, and another subscription begins anew. */
static void
test_nobody_listens (void)
{
  Fixture f;

  set_up_reliable (&f);
  f.target->wants.anything = FALSE;
  test_core_feed (f.core, "a\n");
  iterate ();
  g_assert_cmpstr (f.log->str, ==, "left: ");
  g_assert_false (procstream_emitter_is_subscribed (f.emitter));
  test_core_feed (f.core, "b\n");
  f.target->wants = everything;
  procstream_emitter_subscribe (f.emitter, f.core, PROCSTREAM_DELIVERY_RELIABLE, FALSE, FALSE);
  test_core_feed (f.core, "c\n");
  tear_down (&f, "left: c:c/ L:1 l:c ");
}

/* Whatever says that it needs no more: not one call follows but left. */
static void
test_done (void)
{
  const char *const calls[][2] = {
    { "c:a/b/", "c:a/b/ left: " },
    { "L:2", "c:a/b/ L:2 left: " },
    { "l:a", "c:a/b/ L:2 l:a left: " },
    { "l:b", "c:a/b/ L:2 l:a l:b left: " },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      Fixture f;

      set_up_reliable (&f);
      f.target->done_at = calls[i][0];
      test_core_feed (f.core, "a\nb\n");
      test_core_feed (f.core, "c\n");
      procstream_output_core_feed_end (f.core, NULL);
      tear_down (&f, calls[i][1]);
    }
}

/* User code runs the main loop: the nested run goes on where the outer one stands, and neither doubles nor overtakes anything. */
static void
test_nested (void)
{
  const char *const calls[] = { "c:a/b/", "L:2", "l:a", "l:b", "c:c/", "l:c" };

  for (gsize i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      Fixture f;

      set_up_reliable (&f);
      f.target->act_at = calls[i];
      f.target->act = iterate_cb;
      test_core_feed (f.core, "a\nb\n");
      test_core_feed (f.core, "c\n");
      procstream_output_core_feed_end (f.core, NULL);
      tear_down (&f, "c:a/b/ L:2 l:a l:b c:c/ L:1 l:c end: left:ended ");
    }
}

static void
cancel_cb (Target *target)
{
  procstream_emitter_cancel (target->emitter);
}

/* Nothing new begins once it is cancelled, and left is not told: who cancelled knows. */
static void
test_cancelled_within (void)
{
  const char *const calls[][2] = {
    { "c:a/b/", "c:a/b/ " },
    { "l:a", "c:a/b/ L:2 l:a " },
    { "end:", "c:a/b/ L:2 l:a l:b end: " },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      Fixture f;

      set_up_reliable (&f);
      f.target->act_at = calls[i][0];
      f.target->act = cancel_cb;
      test_core_feed (f.core, "a\nb\n");
      procstream_output_core_feed_end (f.core, NULL);
      iterate ();
      g_assert_false (procstream_emitter_is_subscribed (f.emitter));
      tear_down (&f, calls[i][1]);
    }
}

static void
drop_cb (Target *target)
{
  g_object_unref (target);
}

/* The last reference goes while it is called: it stays for what is emitted in this turn, and then there is nobody. */
static void
test_dropped_within (void)
{
  Fixture  f;
  gpointer weak;

  set_up_reliable (&f);
  g_object_add_weak_pointer (G_OBJECT (f.target), &weak);
  weak = f.target;
  f.target->act_at = "c:a/";
  f.target->act = drop_cb;
  test_core_feed (f.core, "a\n");
  g_main_context_iteration (NULL, FALSE);
  test_core_feed (f.core, "b\n");
  iterate ();
  g_assert_null (weak);
  g_assert_true (g_str_has_prefix (f.log->str, "c:a/ "));
  g_assert_null (strchr (f.log->str, 'b'));
  g_string_truncate (f.log, 0);
  f.target = NULL;
  tear_down (&f, "");
}

/* What is kept alive stays until it has left, and goes then, in this thread. */
static void
test_keep_alive (void)
{
  Fixture  f;
  gpointer weak;

  set_up (&f, 0, PROCSTREAM_DELIVERY_RELIABLE, TRUE);
  g_object_add_weak_pointer (G_OBJECT (f.target), &weak);
  weak = f.target;
  g_clear_object (&f.target);
  test_core_feed (f.core, "a\n");
  iterate ();
  g_assert_nonnull (weak);
  procstream_output_core_feed_end (f.core, NULL);
  iterate ();
  g_assert_null (weak);
  tear_down (&f, "c:a/ L:1 l:a end: left:ended ");
}

static void
test_keep_alive_cancelled (void)
{
  Fixture  f;
  gpointer weak;

  set_up (&f, 0, PROCSTREAM_DELIVERY_RELIABLE, TRUE);
  g_object_add_weak_pointer (G_OBJECT (f.target), &weak);
  weak = f.target;
  g_clear_object (&f.target);
  procstream_emitter_cancel (f.emitter);
  g_assert_nonnull (weak);
  iterate ();
  g_assert_null (weak);
  tear_down (&f, "");
}

int
main (int   argc,
      char *argv[])
{
  test_init (&argc, &argv);
  g_test_add_func ("/emitter/order", test_order);
  g_test_add_func ("/emitter/info", test_info);
  g_test_add_func ("/emitter/info-done", test_info_done);
  g_test_add_func ("/emitter/error", test_error);
  g_test_add_func ("/emitter/gap", test_gap);
  g_test_add_func ("/emitter/hold", test_hold);
  g_test_add_func ("/emitter/hold-end", test_hold_end);
  g_test_add_func ("/emitter/nobody-listens", test_nobody_listens);
  g_test_add_func ("/emitter/done", test_done);
  g_test_add_func ("/emitter/nested", test_nested);
  g_test_add_func ("/emitter/cancelled-within", test_cancelled_within);
  g_test_add_func ("/emitter/dropped-within", test_dropped_within);
  g_test_add_func ("/emitter/keep-alive", test_keep_alive);
  g_test_add_func ("/emitter/keep-alive/cancelled", test_keep_alive_cancelled);
  return g_test_run ();
}
