using System.Security.Cryptography;
using System.Text;

namespace ActorTrain.Host.Configuration;

/// <summary>The canonical form of a configuration: every key, in the order of <see cref="Settings.All"/>.</summary>
public static class CanonicalYaml
{
    public static string Write(RunConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var text = new StringBuilder("# Complete configuration of this run, as it was started.\n");
        foreach (var section in Settings.Written.GroupBy(static setting => setting.Section))
        {
            text.Append(section.Key).Append(":\n");
            foreach (var setting in section)
                text.Append("  ").Append(setting.Name).Append(": ").Append(setting.ValueIn(configuration)).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>SHA-256 of the settings that may not change on resume; see <see cref="RunConfiguration.Hash"/>.</summary>
    internal static string HashOf(RunConfiguration configuration)
    {
        var lines = from setting in Settings.Written
                    where setting.MayChangeBecause is null && !setting.IsDefaultIn(configuration)
                    select $"{setting.Key}={setting.ValueIn(configuration)}";
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', lines))));
    }
}
