using ActorTrain.Persistence.Journal;
using Akka.Actor;
using Akka.Serialization;

namespace ActorTrain.Actors.Journal;

/// <summary>Decisions as the journal's tables hold them: JSON, with a manifest that names kind and version.</summary>
/// <param name="system">The actor system.</param>
public sealed class RunEventSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    /// <summary>The number under which it stands in the tables; never to be given to another.</summary>
    public const int Number = 7301;

    /// <inheritdoc/>
    public override int Identifier => Number;

    /// <inheritdoc/>
    public override string Manifest(object o) => RunEventCodec.ManifestOf((RunEvent)o);

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj) => RunEventCodec.Write((RunEvent)obj);

    /// <inheritdoc/>
    public override object FromBinary(byte[] bytes, string manifest) => RunEventCodec.Read(manifest, bytes);
}
