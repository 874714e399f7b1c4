using System.Text.Json;
using System.Text.Json.Serialization;
using Akka.Actor;

namespace Akka.Serialization;

/// <summary>Writes objects as bytes and reads them back; named in a configuration by its type, which has a constructor with (ExtendedActorSystem).</summary>
public abstract class Serializer
{
    private readonly Lazy<int> configured;

    /// <summary>For a system.</summary>
    protected Serializer(ExtendedActorSystem system)
    {
        this.system = system;
        configured = new Lazy<int>(() => SerializerIdentifierHelper.GetSerializerIdentifierFromConfig(GetType(), system));
    }

    /// <summary>The system.</summary>
    protected readonly ExtendedActorSystem system;

    /// <summary>The number of the serializer; from `akka.actor.serialization-identifiers` unless overridden.</summary>
    public virtual int Identifier => configured.Value;

    /// <summary>Whether reading needs the type's name beside the bytes.</summary>
    public abstract bool IncludeManifest { get; }

    /// <summary>Writes an object.</summary>
    public abstract byte[] ToBinary(object obj);

    /// <summary>Reads an object.</summary>
    public abstract object FromBinary(byte[] bytes, Type type);

    /// <summary>Reads an object.</summary>
    public T FromBinary<T>(byte[] bytes) => (T)FromBinary(bytes, typeof(T));

    /// <summary>Writes an object with an address in the references that it holds.</summary>
    public byte[] ToBinaryWithAddress(Address address, object obj) => ToBinary(obj);
}

/// <summary>A serializer that says what it wrote by a text of its own choice.</summary>
public abstract class SerializerWithStringManifest : Serializer
{
    /// <summary>For a system.</summary>
    protected SerializerWithStringManifest(ExtendedActorSystem system) : base(system)
    {
    }

    /// <inheritdoc />
    public sealed override bool IncludeManifest => true;

    /// <inheritdoc />
    public sealed override object FromBinary(byte[] bytes, Type type) => FromBinary(bytes, type is null ? "" : Serialization.NameOf(type));

    /// <summary>Reads an object of what the text says.</summary>
    public abstract object FromBinary(byte[] bytes, string manifest);

    /// <summary>What an object is.</summary>
    public abstract string Manifest(object o);
}

/// <summary>Bytes as they are; number 4.</summary>
public class ByteArraySerializer : Serializer
{
    /// <summary>For a system.</summary>
    public ByteArraySerializer(ExtendedActorSystem system) : base(system)
    {
    }

    /// <inheritdoc />
    public override int Identifier => 4;

    /// <inheritdoc />
    public override bool IncludeManifest => false;

    /// <inheritdoc />
    public override byte[] ToBinary(object obj) => obj as byte[]
        ?? (obj is null ? null : throw new NotSupportedException($"{typeof(ByteArraySerializer)} only serializes byte arrays, not [{obj.GetType()}]"));

    /// <inheritdoc />
    public override object FromBinary(byte[] bytes, Type type) => bytes;
}

/// <summary>JSON by System.Text.Json; number 1. References to actors are written as their paths.</summary>
public sealed class SystemTextJsonSerializer : Serializer
{
    private readonly JsonSerializerOptions options;

    /// <summary>For a system.</summary>
    public SystemTextJsonSerializer(ExtendedActorSystem system) : base(system)
    {
        options = new JsonSerializerOptions { IncludeFields = true, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };
        options.Converters.Add(new ActorRefConverter(system));
    }

    /// <inheritdoc />
    public override int Identifier => 1;

    /// <inheritdoc />
    public override bool IncludeManifest => true;

    /// <inheritdoc />
    public override byte[] ToBinary(object obj) => JsonSerializer.SerializeToUtf8Bytes(obj, obj.GetType(), options);

    /// <inheritdoc />
    public override object FromBinary(byte[] bytes, Type type) => JsonSerializer.Deserialize(bytes, type, options);

    private sealed class ActorRefConverter(ExtendedActorSystem system) : JsonConverter<IActorRef>
    {
        public override bool CanConvert(Type typeToConvert) => typeof(IActorRef).IsAssignableFrom(typeToConvert);

        public override IActorRef Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
            => reader.GetString() is { } path ? system.Provider.ResolveActorRef(path) : null;

        public override void Write(Utf8JsonWriter writer, IActorRef value, JsonSerializerOptions options)
            => writer.WriteStringValue(Serialization.SerializedActorPath(value));
    }
}

/// <summary>Numbers of serializers.</summary>
public static class SerializerIdentifierHelper
{
    /// <summary>The configuration's table of numbers.</summary>
    public const string SerializationIdentifiers = "akka.actor.serialization-identifiers";

    /// <summary>The number of a serializer's type.</summary>
    /// <exception cref="ArgumentException">The configuration names none.</exception>
    public static int GetSerializerIdentifierFromConfig(Type type, ExtendedActorSystem system)
    {
        foreach (var (name, number) in system.Settings.Config.GetConfig(SerializationIdentifiers)?.AsEnumerable() ?? [])
        {
            if (Util.TypeResolver.Find(name) == type)
                return int.Parse(number.GetString(), global::System.Globalization.CultureInfo.InvariantCulture);
        }
        throw new ArgumentException($"Couldn't find serializer id for [{type}] under [{SerializationIdentifiers}] HOCON path", nameof(type));
    }
}
