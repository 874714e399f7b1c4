using System.Collections.Concurrent;
using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Configuration;

namespace Akka.Serialization;

/// <summary>Finds the serializer of an object by the settings `akka.actor.serializers` and `akka.actor.serialization-bindings`.</summary>
public class Serialization
{
    private readonly ExtendedActorSystem system;
    private readonly Dictionary<string, Serializer> byName = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<int, Serializer> byId = new();
    private readonly ConcurrentDictionary<Type, Serializer> byType = new();
    private readonly List<(Type Bound, Serializer Serializer)> bindings = [];
    private readonly Lock gate = new();

    /// <summary>For a system.</summary>
    public Serialization(ExtendedActorSystem system)
    {
        this.system = system;
        foreach (var (name, type) in system.Settings.Config.GetConfig("akka.actor.serializers").AsEnumerable())
        {
            var serializer = Make(Util.TypeResolver.Require(type.GetString(), "akka.actor.serializers." + name),
                system.Settings.Config.GetConfig("akka.actor.serialization-settings." + name));
            byName[name] = serializer;
            byId.TryAdd(serializer.Identifier, serializer);
        }
        foreach (var (name, serializer) in system.Settings.Config.GetConfig("akka.actor.serialization-bindings").AsEnumerable())
        {
            if (serializer.GetString() == "none")
                continue;
            if (!byName.TryGetValue(serializer.GetString(), out var bound))
                throw new ConfigurationException($"`akka.actor.serialization-bindings` binds {name} to `{serializer.GetString()}`, which is not among `akka.actor.serializers`.");
            AddSerializationMap(Util.TypeResolver.Require(name, "akka.actor.serialization-bindings"), bound);
        }
    }

    /// <summary>The system.</summary>
    public ExtendedActorSystem System => system;

    /// <summary>Adds a serializer by its number and name.</summary>
    public void AddSerializer(string name, Serializer serializer)
    {
        byName[name] = serializer;
        byId[serializer.Identifier] = serializer;
    }

    /// <summary>Binds a type and what is below it to a serializer.</summary>
    public void AddSerializationMap(Type type, Serializer serializer)
    {
        lock (gate)
        {
            bindings.RemoveAll(binding => binding.Bound == type);
            bindings.Add((type, serializer));
            byType.Clear();
        }
        byId.TryAdd(serializer.Identifier, serializer);
    }

    /// <summary>The serializer of an object.</summary>
    public Serializer FindSerializerFor(object obj, string defaultSerializerName = null)
        => obj is null ? byName.GetValueOrDefault("json") ?? byId[1] : FindSerializerForType(obj.GetType(), defaultSerializerName);

    /// <summary>The serializer of a type: bound to itself, or to the nearest of its bases and interfaces.</summary>
    /// <exception cref="SerializationException">None is bound.</exception>
    public Serializer FindSerializerForType(Type objectType, string defaultSerializerName = null)
    {
        if (byType.TryGetValue(objectType, out var known))
            return known;
        lock (gate)
        {
            var fitting = bindings.Where(binding => binding.Bound.IsAssignableFrom(objectType)).ToList();
            // The nearest: no other that fits is below it.
            var nearest = fitting.Find(one => !fitting.Exists(other => other.Bound != one.Bound && one.Bound.IsAssignableFrom(other.Bound)));
            var found = nearest.Bound is null || (nearest.Bound == typeof(object) && defaultSerializerName is not null)
                ? defaultSerializerName is not null && byName.TryGetValue(defaultSerializerName, out var fallback) ? fallback : nearest.Serializer
                : nearest.Serializer;
            return byType[objectType] = found ?? throw new SerializationException($"No serializer found for type {objectType.Name}");
        }
    }

    /// <summary>The serializer of a number.</summary>
    /// <exception cref="SerializationException">There is none.</exception>
    public Serializer GetSerializerById(int serializerId) => byId.TryGetValue(serializerId, out var serializer)
        ? serializer
        : throw new SerializationException(
            $"Cannot find serializer with id [{serializerId}]. The most probable reason is that the configuration entry 'akka.actor.serializers' is not in sync between the two systems.");

    /// <summary>Writes an object.</summary>
    public byte[] Serialize(object o) => FindSerializerFor(o).ToBinary(o);

    /// <summary>Reads what a serializer of that number wrote.</summary>
    public object Deserialize(byte[] bytes, int serializerId, Type type) => GetSerializerById(serializerId).FromBinary(bytes, type);

    /// <summary>Reads what a serializer of that number wrote; the manifest is the type's name, or the serializer's own text.</summary>
    public object Deserialize(byte[] bytes, int serializerId, string manifest)
    {
        var serializer = GetSerializerById(serializerId);
        if (serializer is SerializerWithStringManifest own)
            return own.FromBinary(bytes, manifest);
        if (string.IsNullOrEmpty(manifest))
            return serializer.FromBinary(bytes, null);
        var type = Util.TypeResolver.Find(manifest)
            ?? throw new SerializationException($"Cannot find manifest class [{manifest}] for serializer with id [{serializerId}].");
        return serializer.FromBinary(bytes, type);
    }

    /// <summary>Calls a function in which references are written for a system.</summary>
    public T WithTransport<T>(Func<T> action) => action();

    /// <summary>What reading back what the serializer wrote of an object needs beside the bytes.</summary>
    public static string ManifestFor(Serializer s, object msg) => s switch
    {
        SerializerWithStringManifest own => own.Manifest(msg),
        { IncludeManifest: true } => NameOf(msg.GetType()),
        _ => "",
    };

    /// <summary>The path of a reference as it is written down.</summary>
    public static string SerializedActorPath(IActorRef actorRef)
        => actorRef is null or Nobody ? "" : actorRef.Path.ToSerializationFormat();

    /// <summary>The name of a type with its assembly but without version.</summary>
    internal static string NameOf(Type type) => type.Assembly == typeof(object).Assembly ? type.FullName : $"{type.FullName}, {type.Assembly.GetName().Name}";

    private Serializer Make(Type type, Config settings)
    {
        if (settings is not null && type.GetConstructor([typeof(ExtendedActorSystem), typeof(Config)]) is { } withSettings)
            return (Serializer)withSettings.Invoke([system, settings]);
        return (Serializer)Activator.CreateInstance(type, system);
    }
}
