//! A CnCNet V3 tunnel as a user of crate udp-relay-core 0.1.0 writes it: tokio, one `recv_from` and one `send_to` a
//! datagram, clients in the crate's DashMap as `Arc<TunnelClient>`. `tokio-relay PORT WORKERS MAX_CLIENTS`: each worker
//! is a thread with a current-thread runtime and a SO_REUSEPORT socket of its own; prints "ready" once all are bound.
//! The rules are those of the protocol's description: pings, registration, endpoint check, limits of clients in all and
//! per address, expiry by a sweep. Sources are judged by the crate's `validate_address`; for a bench on loopback a
//! refusal is looked at and passed over, so that the work is done and the datagram goes on.

use dashmap::DashMap;
use socket2::{Domain, Protocol, Socket, Type};
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;
use tokio::net::UdpSocket;
use udp_relay_core::{create_dashmap_with_capacity, validate_address, TunnelClient};

const TIMEOUT_SECONDS: u64 = 30;
const CLIENTS_PER_ADDRESS: u32 = 8;
const PINGS_PER_SWEEP: u32 = 20;
const SWEEP: Duration = Duration::from_secs(60);
const BUFFER_BYTES: usize = 2048;
const SOCKET_BUFFER_BYTES: usize = 4 << 20;
const PING_BYTES: usize = 50;
const PONG_BYTES: usize = 12;

struct Tunnel {
    clients: DashMap<u32, Arc<TunnelClient>>,
    connections: DashMap<IpAddr, u32>,
    pings: DashMap<IpAddr, u32>,
    max_clients: usize,
    dropped: AtomicU64,
}

fn main() {
    let numbers: Vec<usize> = std::env::args()
        .skip(1)
        .map(|word| word.parse().expect("arguments are numbers"))
        .collect();
    let [port, workers, max_clients] = numbers.as_slice() else {
        panic!("tokio-relay takes PORT WORKERS MAX_CLIENTS");
    };
    let tunnel = Arc::new(Tunnel {
        clients: create_dashmap_with_capacity(*max_clients),
        connections: DashMap::new(),
        pings: DashMap::new(),
        max_clients: *max_clients,
        dropped: AtomicU64::new(0),
    });
    let bound = Arc::new(Barrier::new(workers + 1));
    let threads: Vec<_> = (0..*workers)
        .map(|_| {
            let (tunnel, bound, port) = (Arc::clone(&tunnel), Arc::clone(&bound), *port as u16);
            std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
                runtime.block_on(async {
                    let socket = UdpSocket::from_std(bind(port)).unwrap();
                    bound.wait();
                    serve(&tunnel, &socket).await;
                });
            })
        })
        .collect();
    bound.wait();
    println!("ready");
    let sweeper = Arc::clone(&tunnel);
    std::thread::spawn(move || loop {
        std::thread::sleep(SWEEP);
        sweep(&sweeper);
    });
    for thread in threads {
        thread.join().unwrap();
    }
}

fn bind(port: u16) -> std::net::UdpSocket {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP)).unwrap();
    socket.set_reuse_port(true).unwrap();
    socket.set_recv_buffer_size(SOCKET_BUFFER_BYTES).unwrap();
    socket.set_send_buffer_size(SOCKET_BUFFER_BYTES).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into()).unwrap();
    socket.into()
}

async fn serve(tunnel: &Tunnel, socket: &UdpSocket) {
    let mut buffer = [0u8; BUFFER_BYTES];
    loop {
        let Ok((length, from)) = socket.recv_from(&mut buffer).await else { continue };
        match tunnel.route(&buffer[..length], from) {
            Some(Answer::Forward(to)) => drop(socket.send_to(&buffer[..length], to).await),
            Some(Answer::Pong) => drop(socket.send_to(&buffer[..PONG_BYTES], from).await),
            None => drop(tunnel.dropped.fetch_add(1, Ordering::Relaxed)),
        }
    }
}

enum Answer {
    Forward(SocketAddr),
    Pong,
}

impl Tunnel {
    fn route(&self, datagram: &[u8], from: SocketAddr) -> Option<Answer> {
        if datagram.len() < 8 {
            return None;
        }
        let sender = u32::from_le_bytes(datagram[0..4].try_into().unwrap());
        let receiver = u32::from_le_bytes(datagram[4..8].try_into().unwrap());
        black_box(validate_address(&from));
        if sender == 0 {
            return (receiver == 0 && datagram.len() == PING_BYTES && self.may_ping(from.ip())).then_some(Answer::Pong);
        }
        if sender == receiver {
            return None;
        }
        let now = TunnelClient::current_timestamp();
        let known = self.clients.get(&sender).map(|entry| Arc::clone(entry.value()));
        let client = match known {
            Some(client) if client.remote_ep == Some(from) => client,
            Some(client) if !client.is_timed_out() => return None,
            _ => self.register(sender, from)?,
        };
        client.set_last_receive_tick_at(now);
        client.update_stats(datagram.len(), 0, now);
        let target = self.clients.get(&receiver).map(|entry| Arc::clone(entry.value()))?;
        let to = target.remote_ep.filter(|endpoint| *endpoint != from)?;
        target.update_stats(0, datagram.len(), now);
        Some(Answer::Forward(to))
    }

    fn register(&self, id: u32, from: SocketAddr) -> Option<Arc<TunnelClient>> {
        if self.clients.len() >= self.max_clients {
            return None;
        }
        let mut connections = self.connections.entry(from.ip()).or_insert(0);
        if *connections >= CLIENTS_PER_ADDRESS {
            return None;
        }
        *connections += 1;
        let client = Arc::new(TunnelClient::new_with_endpoint(from, TIMEOUT_SECONDS));
        self.clients.insert(id, Arc::clone(&client));
        Some(client)
    }

    fn may_ping(&self, address: IpAddr) -> bool {
        let mut pings = self.pings.entry(address).or_insert(0);
        *pings += 1;
        *pings <= PINGS_PER_SWEEP
    }
}

fn sweep(tunnel: &Tunnel) {
    tunnel.pings.clear();
    tunnel.clients.retain(|_, client| {
        let keep = !client.is_timed_out();
        if let (false, Some(endpoint)) = (keep, client.remote_ep) {
            if let Some(mut count) = tunnel.connections.get_mut(&endpoint.ip()) {
                *count -= 1;
            }
        }
        keep
    });
}
