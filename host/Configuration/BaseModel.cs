using ActorTrain.Models;
using ActorTrain.Persistence.Checkpoints;
using ActorTrain.Persistence.Runs;
using static System.FormattableString;

namespace ActorTrain.Host.Configuration;

/// <summary>What a run takes from the model that it starts with: its shape, and which weights.</summary>
/// <param name="Name">As given.</param>
internal sealed record BaseModel(string Name, ModelOptions Shape, string Digest)
{
    private const string Section = "model", ModelKey = "base.model", DigestKey = "base.digest", VocabularyKey = "base.vocabulary";

    // A score takes the place of the base model's logits.
    private const string OutputKey = "model.output";

    /// <summary>Reads the manifest of the named model, unless the run file itself records what was in it. A run that exists already goes by
    /// its own record.</summary>
    /// <returns>Null if the settings name none.</returns>
    /// <exception cref="UserErrorException">There is no such model.</exception>
    public static BaseModel? Of(GivenSettings given)
    {
        if (!given.Has(ModelKey) || given[ModelKey] is not string { Length: > 0 } name || given.Has(DigestKey))
            return null;
        if (Recorded(given) is { Base: { Digest.Length: > 0 } own } recorded && own.Model == name)
            return new BaseModel(name, recorded.Model with { VocabularySize = own.Vocabulary, Output = ModelOutput.Logits }, own.Digest);
        try
        {
            var manifest = Newest(name) ?? throw new UserErrorException(
                $"{name} has no intact checkpoint; name another run or checkpoint.");
            return manifest.Facts.Model.Output is ModelOutput.Logits
                ? new BaseModel(name, manifest.Facts.Model.ShapeOfPolicy(), manifest.PolicyHash)
                : throw new UserErrorException($"{name} is a reward model, which has a score instead of logits; name the language model "
                    + "that it started with.");
        }
        catch (UserErrorException error)
        {
            throw new UserErrorException($"{given.OriginOf(ModelKey)}: {ModelKey}: {error.Message}", error);
        }
    }

    /// <summary>Adds what is not given.</summary>
    /// <exception cref="UserErrorException">A given key differs.</exception>
    public void Complete(GivenSettings given)
    {
        var origin = given.OriginOf(ModelKey);
        RequireGiven(given, origin);
        var sets = Settings.All.Where(setting => setting.Section == Section && given.Has(setting.Key))
            .SelectMany(static setting => setting.Sets).ToHashSet();
        var shape = new RunConfiguration { Model = Shape };
        foreach (var setting in Settings.Written.Where(static setting => setting.Section == Section && setting.Key != OutputKey))
        {
            if (!given.Has(setting.Key) && !sets.Contains(setting.Key))
                given.Add(setting.Key, setting.ValueIn(shape), origin);
        }

        given.Add(DigestKey, Digest, origin);
        given.Add(VocabularyKey, $"{Shape.VocabularySize}", origin);
    }

    /// <summary>Rejects a configuration of another shape.</summary>
    /// <exception cref="UserErrorException">A key differs.</exception>
    public void Require(RunConfiguration configuration, GivenSettings given)
    {
        var (model, output) = (configuration.Model, configuration.Model.Output);
        var own = configuration with { Model = Shape with { VocabularySize = model.VocabularySize, Output = output } };
        if (RunConfiguration.Differences(own, configuration) is [var difference, ..])
            throw Differs(given, difference.Key, difference.New, difference.Old);
    }

    // Ahead of rules between keys, of which some are not the user's.
    private void RequireGiven(GivenSettings given, string origin)
    {
        var (shape, own) = (new RunConfiguration { Model = Shape }, new GivenSettings(origin));
        foreach (var setting in Settings.All.Where(setting =>
            setting.Section == Section && setting.Key != OutputKey && given.Has(setting.Key)))
        {
            own.Add(setting.Key, setting.ValueIn(shape), origin);
            if (!Equals(own[setting.Key], given[setting.Key]))
                throw Differs(given, setting.Key, Invariant($"{given[setting.Key]}").ToLowerInvariant(), setting.ValueIn(shape));
        }
    }

    private UserErrorException Differs(GivenSettings given, string key, string asked, string own) => new(
        $"{given.OriginOf(key)}: {key} is {asked}, but {Name}, with whose weights the run starts, has {own}; omit {key}.");

    /// <summary>The configuration of the run that the settings name, if it exists.</summary>
    internal static RunConfiguration? Recorded(GivenSettings given)
    {
        var defaults = new RunOptions();
        var file = new RunDirectory(Text("run.output", defaults.Output), Text("run.name", defaults.Name)).ConfigurationFile;
        return File.Exists(file) ? RunFile.Read(file, []) : null;

        string Text(string key, string otherwise) => given.Has(key) ? (string)given[key]! : otherwise;
    }

    /// <summary>The manifest of the newest checkpoint of a run, or of the one named; null if there is none.</summary>
    internal static CheckpointManifest? Newest(string name)
    {
        var (run, step) = NamedRun.Find(name);
        return new CheckpointArchive(run.CheckpointsDirectory).List()
            .FirstOrDefault(info => info.Manifest is not null && (step is null || info.Step == step))?.Manifest;
    }
}
