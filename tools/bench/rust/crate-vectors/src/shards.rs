use crate::platform;
use udp_relay_core::create_dashmap_with_capacity;

/// The shards of the map that the crate creates on a machine of 1 to 300 CPUs.
pub fn vectors() -> String {
    let lines: Vec<String> = (1..=300)
        .map(|cpus| {
            platform::set_cpus(cpus);
            let seen = std::thread::available_parallelism().map_or(0, |n| n.get());
            assert_eq!(seen, cpus, "a quota of this machine is below the number of CPUs to pretend");
            let shards = create_dashmap_with_capacity::<u32, u32>(200).shards().len();
            format!("[{cpus}, {shards}]")
        })
        .collect();
    crate::file("create_dashmap_with_capacity", "\"columns\": [\"CPUs\", \"shards\"]", &lines)
}
