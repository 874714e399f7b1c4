using System.Collections.Immutable;
using Akka.Configuration;

namespace Akka.Actor;

/// <summary>One phase of the shutdown as it is configured.</summary>
internal sealed record ShutdownPhase(ImmutableSortedSet<string> DependsOn, TimeSpan Timeout, bool Recover)
{
    public static ImmutableDictionary<string, ShutdownPhase> FromConfig(Config config)
    {
        var defaultTimeout = config.GetTimeSpan("default-phase-timeout", null, allowInfinite: false);
        return config.GetConfig("phases").AsEnumerable().Select(field => field.Key).ToImmutableDictionary(name => name, name =>
        {
            var at = $"phases.{name}";
            return new ShutdownPhase(
                [.. config.GetStringList($"{at}.depends-on")],
                config.GetTimeSpan($"{at}.timeout", defaultTimeout, allowInfinite: false),
                config.GetBoolean($"{at}.recover", true));
        });
    }

    /// <summary>The phases, each after those that it depends on; those are among them even where they are not configured themselves.</summary>
    /// <exception cref="ArgumentException">A phase depends on itself.</exception>
    public static ImmutableList<string> InOrder(ImmutableDictionary<string, ShutdownPhase> phases)
    {
        var order = ImmutableList.CreateBuilder<string>();
        var done = new HashSet<string>();
        var path = new List<string>();
        foreach (var name in phases.Keys.Order(StringComparer.Ordinal))
            Visit(name);
        return order.ToImmutable();

        void Visit(string name)
        {
            if (path.Contains(name))
            {
                throw new ArgumentException(
                    $"Cycle detected in graph of phases. It must be a DAG. phase [{name}] depends transitively on itself: {string.Join(" -> ", path)} -> {name}");
            }

            if (!done.Contains(name))
            {
                path.Add(name);
                foreach (var dependency in phases.TryGetValue(name, out var phase) ? phase.DependsOn : [])
                    Visit(dependency);
                path.RemoveAt(path.Count - 1);
                done.Add(name);
                order.Add(name);
            }
        }
    }
}
