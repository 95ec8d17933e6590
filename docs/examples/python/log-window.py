# SPDX-License-Identifier: LGPL-2.1-or-later
# Shows what a command prints in a window: log-window.py [--close] COMMAND…
# With --close the window goes when the command has ended and its last line is shown.

import sys

import gi

gi.require_version('Gtk', '4.0')
gi.require_version('Procstream', '1.0')
from gi.repository import GLib, Gtk, Procstream  # noqa: E402

argv = sys.argv[1:]
closes = argv[:1] == ['--close']
argv = argv[closes:]
Gtk.init()
loop = GLib.MainLoop()
bound = set()

launcher = Procstream.Launcher.new(Procstream.Delivery.RELIABLE, Procstream.Replay.NONE)
child = launcher.create(argv)
model = Procstream.LogModel(max_lines=100000)
model.follow(child.get_stdout())
model.follow(child.get_stderr())


# [view]
def on_setup(_factory, item):
    item.set_child(Gtk.Label(xalign=0, css_classes=['monospace']))


def on_bind(_factory, item):
    line = item.get_item()
    item.get_child().set_text(f'{line.get_number():6} {line.get_text()}')
    if line.get_stream() == 'stderr':
        item.get_child().add_css_class('error')
    bound.add(line)


def on_unbind(_factory, item):
    item.get_child().remove_css_class('error')
    bound.discard(item.get_item())


def scroll_to_end(*_):
    if follow.get_active() and len(model) > 0:
        view.activate_action('list.scroll-to-item', GLib.Variant('u', len(model) - 1))


follow = Gtk.ToggleButton(label='Follow', active=True)
factory = Gtk.SignalListItemFactory()
factory.connect('setup', on_setup)
factory.connect('bind', on_bind)
factory.connect('unbind', on_unbind)
view = Gtk.ListView(model=Gtk.NoSelection(model=model), factory=factory)
# After the view, which has to know of the change first.
model.connect('items-changed', scroll_to_end)
# [/view]

header = Gtk.HeaderBar()
header.pack_start(follow)
window = Gtk.Window(title=child.get_name(), default_width=640, default_height=400, titlebar=header,
                    child=Gtk.ScrolledWindow(child=view))


def is_at_end():
    place = view.get_vadjustment()
    return place.get_value() + place.get_page_size() >= place.get_upper() - 1


def on_tick(_window, _clock):
    """The last line has a row, when the command has ended."""
    if model[-1] not in bound or not is_at_end():
        scroll_to_end()
        return GLib.SOURCE_CONTINUE
    print(f'the last of {len(model)} lines is shown: {model[-1].get_text()}')
    print('rows for all of them' if len(bound) > 1000 else 'rows for some of them')
    loop.quit()
    return GLib.SOURCE_REMOVE


def on_completed(_child, _result):
    if closes:
        window.add_tick_callback(on_tick)


child.connect('completed', on_completed)
window.connect('close-request', lambda _window: loop.quit())
window.present()
child.start()
loop.run()
