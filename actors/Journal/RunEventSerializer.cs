using System.Globalization;
using System.Security.Cryptography;
using ActorTrain.Models;
using ActorTrain.Persistence.Journal;
using Akka.Actor;
using Akka.Serialization;

namespace ActorTrain.Actors.Journal;

/// <summary>Serializes decisions for the journal's tables: JSON, with a manifest of up to three words: kind and version, a checksum of the
/// JSON, and the term under which it was decided. Rows of older versions have no term, or only the first word.</summary>
public sealed class RunEventSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    /// <summary>Identifies the serializer in the tables; never reuse it.</summary>
    public const int Number = 7301;

    public override int Identifier => Number;

    public override string Manifest(object o)
    {
        var manifest = $"{RunEventCodec.ManifestOf(DecisionOf(o))} {ChecksumOf(ToBinary(o))}";
        return o is TermedDecision { Term: var term } ? string.Create(CultureInfo.InvariantCulture, $"{manifest} {term}") : manifest;
    }

    public override byte[] ToBinary(object obj) => RunEventCodec.Write(DecisionOf(obj));

    public override object FromBinary(byte[] bytes, string manifest) => Read(bytes, manifest);

    /// <summary>The decision, or an <see cref="UnreadableDecision"/>: to the recovering actor, an exception would look like a database
    /// outage.</summary>
    public static object Read(byte[] bytes, string manifest)
    {
        var (form, checksum) = manifest.Split(' ', 3) is [var first, var second, ..] ? (first, second) : (manifest, null);
        if (checksum is not null && checksum != ChecksumOf(bytes))
            return new UnreadableDecision("it is corrupt (checksum mismatch); restore the database from a backup");
        try
        {
            return RunEventCodec.Read(form, bytes, "it");
        }
        catch (UserErrorException error)
        {
            return new UnreadableDecision(error.Message.TrimEnd('.'));
        }
    }

    private static RunEvent DecisionOf(object written) => written is TermedDecision termed ? termed.Decision : (RunEvent)written;

    private static string ChecksumOf(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 8));
}
