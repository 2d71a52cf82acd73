"""What crosses the network: topics, records, frames, acknowledgements, and the one MQTT client."""
