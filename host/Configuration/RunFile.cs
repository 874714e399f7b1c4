using ActorTrain.Models;
using ActorTrain.Models.Options;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace ActorTrain.Host.Configuration;

/// <summary>Reads run files: YAML of sections and keys, with overrides from the command line.</summary>
public static class RunFile
{
    private const string NameKey = "run.name";

    /// <param name="path">Null: only <paramref name="overrides"/> and defaults.</param>
    /// <param name="overrides">Texts <c>key=value</c>, as given after <c>--set</c>; they take precedence over the file.</param>
    /// <exception cref="UserErrorException">The file cannot be read, or a key or value is invalid; the message names the line or
    /// option.</exception>
    public static RunConfiguration Read(string? path, IEnumerable<string> overrides) => Parse(TextOf(path), path ?? "--set", overrides);

    /// <summary>Reads the run file of an existing run. It may give the run's initial number of steps, or that after extensions; derived
    /// defaults, such as the warm-up, follow from the former. A precision of auto is the one that the run was started with.</summary>
    /// <param name="path">As for <see cref="Read"/>.</param>
    /// <param name="overrides">As for <see cref="Read"/>.</param>
    /// <param name="started">The configuration that the run was started with.</param>
    /// <param name="steps">Its steps, extensions included.</param>
    /// <param name="extendTo">Steps to which it is about to be extended, or null.</param>
    /// <exception cref="UserErrorException">As for <see cref="Read"/>; or the file gives more steps than the run has, and nothing else is
    /// wrong.</exception>
    public static RunConfiguration ReadAgain(string? path, IReadOnlyList<string> overrides, RunConfiguration started, Func<long> steps,
        long? extendTo = null)
    {
        ArgumentNullException.ThrowIfNull(started);
        ArgumentNullException.ThrowIfNull(steps);
        var (asked, first) = (Read(path, overrides).Training.Steps, started.Training.Steps);
        var again = Read(path, [.. overrides, $"training.steps={first}"]).ChoosePrecision(() => started.Training.ChosenPrecision);
        if (asked == first || asked == extendTo || steps() is var all && asked == all)
            return again;
        if (asked > all && RunConfiguration.Differences(started, again).All(static difference => difference.MayChangeBecause is not null))
        {
            throw new UserErrorException(
                $"The run '{started.Run.Name}' in {started.Run.Directory} has {all} steps, but training.steps is now {asked}; pass "
                    + $"--extend-to {asked} to extend it, or restore training.steps {all}.");
        }

        return again with { Training = again.Training with { Steps = asked } };
    }

    /// <param name="text">YAML, or null for an empty file.</param>
    /// <param name="name">The file's name, for messages and for the default of run.name.</param>
    /// <exception cref="UserErrorException">A key or value is invalid.</exception>
    public static RunConfiguration Parse(string? text, string name, IEnumerable<string> overrides)
    {
        var settings = Given(text, name, overrides);
        var model = BaseModel.Of(settings);
        model?.Complete(settings);
        CriticModel.Complete(settings, model);
        ScoringModel.Complete(settings);
        var configuration = ConfigurationBinder.Bind(settings);
        model?.Require(configuration, settings);
        return configuration;
    }

    /// <summary>Whether a run file, or an override, gives a key.</summary>
    /// <param name="path">As for <see cref="Read"/>.</param>
    /// <exception cref="UserErrorException">As for <see cref="Read"/>.</exception>
    public static bool Gives(string? path, IReadOnlyList<string> overrides, string key) =>
        Given(TextOf(path), path ?? "--set", overrides).Has(key);

    private static GivenSettings Given(string? text, string name, IEnumerable<string> overrides)
    {
        ArgumentNullException.ThrowIfNull(overrides);
        var settings = new GivenSettings(name);
        if (text is not null)
            AddFile(settings, text, name);
        foreach (var one in overrides)
        {
            var equals = one.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
                throw new UserErrorException($"--set {one}: an override is written key=value, such as --set training.steps=2000.");
            settings.Add(one[..equals].Trim(), one[(equals + 1)..].Trim(), $"--set {one}");
        }

        var stem = Path.GetFileNameWithoutExtension(name);
        if (!settings.Has(NameKey) && Settings.ByKey[NameKey].Kind.TryRead(stem, out _))
            settings.Add(NameKey, stem, name);
        return settings;
    }

    private static string? TextOf(string? path)
    {
        if (path is null)
            return null;
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            var reason = error is FileNotFoundException or DirectoryNotFoundException ? "there is no such file"
                : Directory.Exists(path) ? "it is a folder" : error.Message.TrimEnd('.');
            throw new UserErrorException($"Cannot read the run file '{path}': {reason}.", error);
        }
    }

    private static void AddFile(GivenSettings settings, string text, string name)
    {
        var yaml = new YamlStream();
        try
        {
            yaml.Load(new StringReader(text));
        }
        catch (YamlException error)
        {
            throw new UserErrorException($"{name}:{error.Start.Line}: invalid YAML: {FirstSentence(error)}.", error);
        }

        if (yaml.Documents.Count == 0)
            return;
        if (yaml.Documents.Count > 1)
            throw new UserErrorException($"{At(name, yaml.Documents[1].RootNode)}: a run file has one document; remove the second.");
        if (yaml.Documents[0].RootNode is not YamlMappingNode root)
            throw new UserErrorException($"{At(name, yaml.Documents[0].RootNode)}: "
                + $"a run file consists of sections such as 'training:' with keys below them.");

        foreach (var (key, value) in root.Children)
        {
            var section = Scalar(key, name, "a section's name");
            if (!Settings.Sections.Contains(section))
                throw UnknownSection(section, At(name, key));
            if (value is not YamlMappingNode keys)
            {
                throw new UserErrorException(
                    $"{At(name, key)}: '{section}' is a section; write its keys below it, indented, such as '{FirstKeyOf(section)}: ...'.");
            }

            foreach (var (inner, content) in keys.Children)
            {
                var full = $"{section}.{Scalar(inner, name, "a key")}";
                if (!Settings.ByKey.ContainsKey(full))
                    throw GivenSettings.Unknown(full, At(name, inner));
                settings.Add(full, Scalar(content, name, $"the value of {full}"), At(name, inner));
            }
        }
    }

    private static UserErrorException UnknownSection(string section, string origin)
    {
        if (Settings.All.FirstOrDefault(setting => setting.Key.EndsWith("." + section, StringComparison.Ordinal)) is { } key)
            return new UserErrorException($"{origin}: '{section}' is outside its section; move it under '{key.Section}:'.");
        var sections = string.Join(", ", Settings.Sections);
        return new UserErrorException(
            $"{origin}: there is no section '{section}'{NearestName.Hint(section, Settings.Sections, $"; the sections are {sections}.")}");
    }

    private static string FirstKeyOf(string section) =>
        Settings.All.First(setting => setting.Section == section).Name;

    private static string Scalar(YamlNode node, string name, string what) =>
        node is YamlScalarNode { Value: { } text }
            && (text.Length > 0 || ((YamlScalarNode)node).Style is ScalarStyle.DoubleQuoted or ScalarStyle.SingleQuoted)
            ? text
            : throw new UserErrorException(
                $"{At(name, node)}: {what} must be a single word, number or "
                + $"text{(node is YamlScalarNode ? ", but it is empty" : ", not a list or section")}.");

    private static string At(string name, YamlNode node) => $"{name}:{node.Start.Line}";

    private static string FirstSentence(YamlException error)
    {
        var inner = error.InnerException?.Message ?? error.Message;
        var afterMark = inner.LastIndexOf("): ", StringComparison.Ordinal);
        return (afterMark < 0 ? inner : inner[(afterMark + 3)..]).Trim().TrimEnd('.');
    }
}
