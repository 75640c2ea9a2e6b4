"""The DHCP daemon: it holds the leases of containers whose addresses come from a server on their network.

`client` knows the protocol and nothing of sockets or clocks; `packet` and `frame` are its bytes, `lease` what it gets.
Around it is what talks to the kernel and to the plugin.
"""
