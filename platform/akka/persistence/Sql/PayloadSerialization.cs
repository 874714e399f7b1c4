using Akka.Actor;
using Akka.Serialization;

namespace Akka.Persistence.Sql;

/// <summary>Events and snapshots to and from the columns serializer, manifest and bytes.</summary>
internal sealed class PayloadSerialization(ExtendedActorSystem system, string defaultSerializer)
{
    public (byte[] Bytes, string Manifest, int SerializerId) Serialize(object payload)
    {
        var serializer = system.Serialization.FindSerializerForType(payload.GetType(), defaultSerializer);
        var manifest = Akka.Serialization.Serialization.ManifestFor(serializer, payload);
        return (system.Serialization.WithTransport(() => serializer.ToBinary(payload)), manifest, serializer.Identifier);
    }

    /// <param name="bytes">The payload, serialized.</param>
    /// <param name="serializerId">Null where only the type is known.</param>
    /// <param name="manifest">The serializer's manifest, or the type.</param>
    public object Deserialize(byte[] bytes, int? serializerId, string manifest)
    {
        if (serializerId is { } id)
            return system.Serialization.Deserialize(bytes, id, manifest);
        var type = Type.GetType(manifest, throwOnError: true);
        return system.Serialization.FindSerializerForType(type, defaultSerializer).FromBinary(bytes, type);
    }
}
