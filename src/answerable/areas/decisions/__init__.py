"""Decisions about people, automated or not: is one group treated worse?"""
