using System.Runtime.Serialization;
using System.Text.Json;
using Akka.Actor;
using Akka.Serialization;

namespace ActorTrain.Actors.Wire;

/// <summary>Serializes messages of the protocol between processes. See <see cref="WireForms"/>.</summary>
public sealed class ProtocolSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    /// <summary>Identifies the serializer on the wire; never reuse it.</summary>
    public const int Number = 7302;

    public override int Identifier => Number;

    public override string Manifest(object o) => FormOf(o).Manifest;

    public override byte[] ToBinary(object obj) => JsonSerializer.SerializeToUtf8Bytes(obj, FormOf(obj).Json);

    public override object FromBinary(byte[] bytes, string manifest)
    {
        var form = WireForms.Of(manifest)
            ?? throw new SerializationException($"Received a message of unknown type \"{manifest}\"; "
                + "run the same version of actortrain on all nodes.");
        try
        {
            return JsonSerializer.Deserialize(bytes, form.Json) ?? throw new JsonException("it is null");
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            throw new SerializationException($"Received a corrupt message of type \"{manifest}\": {exception.Message}", exception);
        }
    }

    private static WireForm FormOf(object message) =>
        WireForms.Of(message)
            ?? throw new ArgumentException($"{message.GetType().Name} is not a message of the protocol.", nameof(message));
}
