using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;

namespace ActorTrain.Actors.Hosting;

/// <summary>Stands in the place of Akka.NET's default serializer, which makes objects of any type that the bytes name: between processes,
/// only registered messages are written and read.</summary>
public sealed class RefusingSerializer : Serializer
{
    public RefusingSerializer(ExtendedActorSystem system)
        : base(system)
    {
    }

    /// <param name="settings">Of the other, ignored.</param>
    public RefusingSerializer(ExtendedActorSystem system, Config settings)
        : base(system) => _ = settings;

    /// <summary>The other's.</summary>
    public override int Identifier => 1;

    public override bool IncludeManifest => false;

    public override byte[] ToBinary(object obj) =>
        throw new SerializationException($"{obj?.GetType().Name} is not a message between processes.");

    public override object FromBinary(byte[] bytes, Type type) =>
        throw new SerializationException("Received a message of a type that is not registered; it was dropped.");
}
