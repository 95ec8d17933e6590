/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "procstream-escape-stripper-private.h"

#include <string.h>

/* Of each text, cut in two and three at every place and byte by byte, the same is left. */

static void
push (ProcstreamEscapeStripper *stripper,
      const char               *text,
      gsize                     from,
      gsize                     to,
      GByteArray               *out)
{
  /* In memory of exactly its size. */
  g_autofree guint8 *data = g_memdup2 (text + from, to - from);

  if (procstream_escape_stripper_passes (stripper, data, to - from))
    {
      g_autoptr (GByteArray) same = g_byte_array_new ();
      ProcstreamEscapeStripper copy = *stripper;

      procstream_escape_stripper_push (&copy, data, to - from, same);
      g_assert_cmpmem (same->data, same->len, data, to - from);
      if (to > from)
        g_byte_array_append (out, data, to - from);
    }
  else
    {
      procstream_escape_stripper_push (stripper, data, to - from, out);
    }
}

static void
assert_sized (const char *text,
              gsize       size,
              gboolean    c1,
              const char *expected,
              gsize       expected_size)
{
  for (gsize a = 0; a <= size; a++)
    for (gsize b = a; b <= size; b++)
      {
        g_autoptr (GByteArray) out = g_byte_array_new ();
        ProcstreamEscapeStripper stripper;

        /* Where it is UTF-8 for certain, characters come whole. */
        if (c1 && ((a < size && ((guint8) text[a] & 0xc0) == 0x80) || (b < size && ((guint8) text[b] & 0xc0) == 0x80)))
          continue;
        procstream_escape_stripper_init (&stripper, c1);
        push (&stripper, text, 0, a, out);
        push (&stripper, text, a, b, out);
        push (&stripper, text, b, size, out);
        g_assert_cmpmem (out->data, out->len, expected, expected_size);
      }
}

static void
assert_left (const char *text,
             const char *expected)
{
  assert_sized (text, strlen (text), FALSE, expected, strlen (expected));
}

static void
test_sequences (void)
{
  assert_left ("", "");
  assert_left ("plain\r\n\ttext \303\274\377", "plain\r\n\ttext \303\274\377");
  assert_left ("\033[1;31mred\033[0m", "red");
  assert_left ("\033[?25lhidden\033[?25h", "hidden");
  assert_left ("\033[38:2::10:20:30mx\033[ q", "x");
  assert_left ("\033]0;title\007a\033]8;;http://x/\033\\link\033]8;;\033\\b", "alinkb");
  assert_left ("\033(B\033)0\033#8\033=\033>\0337\0338\033Mx\033c", "x");
  assert_left ("\033P1$r0m\033\\a\033_app\033\\b\033^pm\033\\c\033Xsos\033\\d", "abcd");
  /* BEL ends only the one that xterm ends by it. */
  assert_left ("\033Pa\007b\033\\c", "c");
  /* In a string, ESC that is not the beginning of ST ends it and begins another sequence. */
  assert_left ("\033]0;a\033[1mb", "b");
  assert_left ("\033\033[1mb\033[1\033[2mc", "bc");
}

/* What no program writes into a sequence ends it, and is kept. */
static void
test_broken (void)
{
  assert_left ("\033]0;never ended\nnext line", "\nnext line");
  assert_left ("\033Pnever ended\rnext", "\rnext");
  assert_left ("\033[1;3\nnext", "\nnext");
  assert_left ("\033[1\303\274", "\303\274");
  assert_left ("\033\nnext", "\nnext");
  assert_left ("\033(\nnext", "\nnext");
  assert_left ("\033\303\274", "\303\274");
  assert_left ("\033]0;a\tb\007c", "c");
  /* These two cancel, and show nothing. */
  assert_left ("\033[1\030a\033]0;x\032b\033\030c", "abc");
  assert_left ("end\033", "end");
  assert_left ("end\033[1;", "end");
  assert_sized ("\033]0;a\0b", 7, FALSE, "\0b", 2);
}

/* Controls of eight bits only where the text is UTF-8 for certain: elsewhere they are parts of characters. */
static void
test_c1 (void)
{
  const char text[] = "\302\23331mred\302\2330m \302\2350;t\302\234x\302\205y\303\233z\302\240";

  assert_sized (text, sizeof text - 1, TRUE, "red xy\303\233z\302\240", 11);
  assert_left ("\302\23331mred", "\302\23331mred");
  assert_left ("\33331mred", "\33331mred");
}

/* Whatever comes, no more than so much of it is taken away at a time. */
static void
test_hostile (void)
{
  static const char *const beginnings[] = { "\033]0;", "\033P", "\033[", "\033(" };
  const gsize              size = 3 * PROCSTREAM_ESCAPE_MAX_LENGTH;
  g_autofree guint8       *data = g_malloc (size);

  memset (data, ' ', size);
  for (guint i = 0; i < G_N_ELEMENTS (beginnings); i++)
    {
      g_autoptr (GByteArray) out = g_byte_array_new ();
      ProcstreamEscapeStripper stripper;

      procstream_escape_stripper_init (&stripper, FALSE);
      procstream_escape_stripper_push (&stripper, (const guint8 *) beginnings[i], strlen (beginnings[i]), out);
      procstream_escape_stripper_push (&stripper, data, size, out);
      g_assert_cmpuint (out->len, >=, size - PROCSTREAM_ESCAPE_MAX_LENGTH - 1);
      g_assert_true (procstream_escape_stripper_passes (&stripper, data, size));
    }
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/escape-stripper/sequences", test_sequences);
  g_test_add_func ("/escape-stripper/broken", test_broken);
  g_test_add_func ("/escape-stripper/c1", test_c1);
  g_test_add_func ("/escape-stripper/hostile", test_hostile);
  return g_test_run ();
}
